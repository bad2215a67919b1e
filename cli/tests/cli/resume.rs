//! Models of many chunks: a deployment that is killed goes on where it stopped, and no chunk is
//! ever paid for twice.

use crate::{
    devnet::{Devnet, FIRST, KEY},
    support::{fixpoint, ok, ok_json, shown},
};
use fixpoint_compiler::npy::{Array, Data};
use fixpoint_precompile::{address::CHUNK_STORE, root::CHUNK_DATA_BYTES};
use fixpoint_runtime::{
    model::{
        encode,
        format::{
            Affine, Constant, FORMAT_VERSION, Input, Model, Output, Quantisation, Ratio, Signed32,
        },
    },
    ops::{
        Operator,
        conv2d::Conv2d,
        geometry::{Pad2d, Size2d},
    },
    tensor::{DType, TensorType},
};
use std::{
    collections::HashSet,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const INPUTS: u32 = 256;
/// 256 KiB of weights.
const OUTPUTS: u32 = 1024;
/// 3.5 MiB of weights.
const MANY_OUTPUTS: u32 = 14 * 1024;
const WRITE_CHUNK: &str = "writeChunk(address,bytes)";

/// A dense layer of as many weights as 256 times the outputs, as a convolution of one pixel.
fn dense_model(outputs: u32, weight: impl Fn(u32) -> u8) -> Vec<u8> {
    let tensor = |dtype, shape: &[u32]| TensorType::new(dtype, shape).unwrap();
    let unit = Quantisation::PerTensor(Affine {
        scale: Ratio {
            numerator: 1,
            denominator: 1,
        },
        zero_point: Signed32(0),
    });
    let input = Input {
        name: b"x".to_vec().try_into().unwrap(),
        tensor: tensor(DType::I8, &[1, 1, 1, INPUTS]),
        quantisation: unit.clone(),
        saturates: false,
    };
    let weights = (0..INPUTS * outputs).map(weight).collect::<Vec<_>>();
    let constants = vec![
        Constant {
            tensor: tensor(DType::I8, &[outputs, 1, 1, INPUTS]),
            data: weights.try_into().unwrap(),
        },
        Constant {
            tensor: tensor(DType::I32, &[1]),
            data: vec![0; 4].try_into().unwrap(),
        },
    ];
    let dense = Conv2d {
        input: 0,
        weight: 1,
        bias: 2,
        pad: Pad2d {
            top: 0,
            bottom: 0,
            left: 0,
            right: 0,
        },
        stride: Size2d { y: 1, x: 1 },
        dilation: Size2d { y: 1, x: 1 },
        input_zero_point: Signed32(0),
        weight_zero_point: Signed32(0),
    };
    let output = Output {
        name: b"y".to_vec().try_into().unwrap(),
        value: 3,
        quantisation: unit,
    };
    encode(&Model {
        version: FORMAT_VERSION,
        inputs: vec![input].try_into().unwrap(),
        constants: constants.try_into().unwrap(),
        operators: vec![Operator::Conv2d(dense)].try_into().unwrap(),
        outputs: vec![output].try_into().unwrap(),
    })
}

/// Weights that look random.
fn noise(at: u32) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 24) as u8
}

fn write_input(folder: &Path) -> String {
    let path = folder.join("x.npy");
    let array = Array {
        shape: vec![1, 1, 1, INPUTS as usize],
        data: Data::F32((0..INPUTS).map(|at| (at % 200) as f32 - 100.0).collect()),
    };
    array.write(&path).unwrap();
    shown(&path)
}

/// Asserts that the model on chain answers as the file does, and that what was paid for its chunks
/// was paid once: as many transactions as distinct chunks, each with other calldata.
async fn assert_paid_once(devnet: &Devnet, file: &str, model: &str, distinct_chunks: usize) {
    let folder = tempfile::tempdir().unwrap();
    let input = write_input(folder.path());
    assert_eq!(
        ok(&[
            "call",
            model,
            "--input",
            &input,
            "--rpc",
            &devnet.url,
            "--json"
        ]),
        ok(&["run", file, "--input", &input, "--json"]),
    );
    assert_eq!(devnet.chunks_written().await.len(), distinct_chunks);
    let transactions = devnet.transactions().await;
    assert!(
        transactions
            .iter()
            .all(|(from, .., status)| *from == FIRST && *status)
    );
    let selector = &alloy_primitives::keccak256(WRITE_CHUNK)[..4];
    let written = transactions.iter().filter_map(|(_, to, input, _)| {
        (*to == Some(CHUNK_STORE) && input.starts_with(selector)).then_some(input)
    });
    let written = written.collect::<Vec<_>>();
    assert_eq!(written.len(), distinct_chunks);
    assert_eq!(written.iter().collect::<HashSet<_>>().len(), written.len());
    // Chunks, root, activation: nothing else was sent.
    assert_eq!(transactions.len(), distinct_chunks + 2);
}

/// Waits until so many chunks are written and another is sent, but in no block.
async fn wait_for_chunks(devnet: &Devnet, child: &mut Child, enough: usize) {
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(240), "no progress");
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        let written = devnet.chunks_written().await.len();
        let (sent, mined) = devnet.sent_and_mined(FIRST).await;
        if written >= enough && sent > mined {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_deployment_goes_on_where_it_stopped() {
    // Slow blocks: the kill finds a chunk that is sent, but in no block.
    let devnet = Devnet::start(Some(0.5)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dense.fxp");
    let payload = dense_model(OUTPUTS, noise);
    let chunks = payload.len().div_ceil(CHUNK_DATA_BYTES);
    assert!(chunks >= 8, "{chunks}");
    std::fs::write(&file, payload).unwrap();
    let file = shown(&file);
    let deploy = [
        "deploy",
        &file,
        "--rpc",
        &devnet.url,
        "--private-key",
        KEY,
        "--json",
    ];

    for enough in [2, 5] {
        let mut child = fixpoint()
            .args(deploy)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_chunks(&devnet, &mut child, enough).await;
        // SIGKILL on Unix.
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(devnet.chunks_written().await.len() < chunks);
    }

    let result = ok_json(&deploy);
    assert_eq!(result["chunks"], chunks);
    let model = result["model"].as_str().unwrap();
    assert_paid_once(&devnet, &file, model, chunks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_chunks_are_written_once() {
    let devnet = Devnet::start(None).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ones.fxp");
    let payload = dense_model(OUTPUTS, |_| 1);
    let parts = payload.chunks(CHUNK_DATA_BYTES);
    let distinct = parts.clone().collect::<HashSet<_>>().len();
    assert!(distinct < parts.len());
    std::fs::write(&file, &payload).unwrap();
    let file = shown(&file);
    let result = ok_json(&[
        "deploy",
        &file,
        "--rpc",
        &devnet.url,
        "--private-key",
        KEY,
        "--json",
    ]);
    assert_eq!(result["chunks"], parts.len());
    let model = result["model"].as_str().unwrap();
    assert_paid_once(&devnet, &file, model, distinct).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_3_5_mib_survives_ctrl_c_and_a_kill() {
    let devnet = Devnet::start(Some(0.2)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.fxp");
    let payload = dense_model(MANY_OUTPUTS, noise);
    assert!(payload.len() > 3_500_000);
    let chunks = payload.len().div_ceil(CHUNK_DATA_BYTES);
    std::fs::write(&file, payload).unwrap();
    let file = shown(&file);
    let mut deploy = vec!["deploy", &file, "--rpc", &devnet.url];
    deploy.extend(["--private-key", KEY, "--json"]);
    let mut dry = deploy.clone();
    dry.push("--dry-run");
    let announced = ok_json(&dry);
    assert_eq!(announced["chunks_missing"], chunks);
    assert_eq!(devnet.transactions().await.len(), 0);

    let start = || fixpoint().args(&deploy).stderr(Stdio::piped()).spawn();
    let mut child = start().unwrap();
    wait_for_chunks(&devnet, &mut child, chunks / 3).await;
    let process_id = child.id().to_string();
    let signal = Command::new("kill").args(["-INT", &process_id]).status();
    assert!(signal.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{told}");
    let written = devnet.chunks_written().await.len();
    assert!((chunks / 3..chunks).contains(&written), "{written}");
    let counted = format!("stopped: {written} of {chunks} chunks are on chain, nothing is on");
    assert!(told.contains(&counted), "{told}");
    let (sent, mined) = devnet.sent_and_mined(FIRST).await;
    assert_eq!((sent, mined), (written as u64, written as u64));
    assert_eq!(ok_json(&dry)["chunks_missing"], chunks - written);

    let mut child = start().unwrap();
    wait_for_chunks(&devnet, &mut child, chunks * 2 / 3).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(devnet.chunks_written().await.len() < chunks);

    let result = ok_json(&deploy);
    assert_eq!(result["chunks"], chunks);
    let model = result["model"].as_str().unwrap();
    assert_paid_once(&devnet, &file, model, chunks).await;
    let used = devnet.gas_used().await;
    let bound = announced["gas_at_most"].as_u64().unwrap();
    assert!(
        used <= bound && bound < used * 5 / 4,
        "{used} used, {bound} announced"
    );
}
