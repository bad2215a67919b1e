//! What is read from a file, and what is changed in it before the converter sees it.

use super::{
    builder::{self, BOOL, DEQUANTIZE, FLOAT32, INT8, INT32, INT64, QUANTIZE, SUB, Tensor, UINT8},
    prepare::{Prepared, prepare},
    schema::{DYNAMIC, File},
};
use crate::error::CompileError;
use std::collections::BTreeMap;

fn prepared(bytes: &[u8]) -> Prepared {
    prepare(bytes, &BTreeMap::new()).expect("prepares")
}

fn shaped(bytes: &[u8], name: &str, shape: &[usize]) -> Result<Prepared, CompileError> {
    prepare(bytes, &BTreeMap::from([(name.to_owned(), shape.to_vec())]))
}

fn refused(bytes: &[u8]) -> String {
    prepare(bytes, &BTreeMap::new())
        .expect_err("refused")
        .to_string()
}

fn input_names(prepared: &Prepared) -> Vec<&str> {
    let names = prepared.inputs.iter();
    names
        .filter_map(|port| port.description.name.as_deref())
        .collect()
}

/// A file that passes `inputs` through a QUANTIZE to one output.
fn with_inputs(inputs: &[Tensor<'_>]) -> Vec<u8> {
    let mut file = builder::File::new();
    let numbers: Vec<i32> = inputs
        .iter()
        .map(|tensor| file.tensor(tensor.clone()))
        .collect();
    let output = file.tensor(Tensor::new("y", INT8).scaled(&[1.0], &[0]));
    file.operator(QUANTIZE, &numbers, &[output]);
    file.finish(&numbers, &[output])
}

#[test]
fn scales_are_the_floats_in_the_file() {
    let bytes = builder::difference(false);
    let prepared = prepared(&bytes);
    assert_eq!(prepared.bytes, bytes, "nothing had to change");
    assert_eq!(
        input_names(&prepared),
        ["serving_default_right:0", "serving_default_left:0"]
    );
    let [right, left] = prepared.inputs.as_slice() else {
        panic!("two inputs")
    };
    assert_eq!(right.description.scale.as_deref(), Some("1/2"));
    assert_eq!(right.description.zero_point, 3);
    assert_eq!(left.description.scale.as_deref(), Some("1/4"));
    assert_eq!(left.description.zero_point, -7);
    assert!(!left.description.saturates, "nobody asked for it");
    let scale = [0.584_702_9_f32];
    let file = with_inputs(&[Tensor::new("x", INT8).scaled(&scale, &[83])]);
    let prepared = self::prepared(&file);
    let exact = prepared.inputs[0]
        .description
        .scale
        .clone()
        .expect("a scale");
    let (numerator, denominator) = exact.split_once('/').expect("a fraction");
    let parsed = |text: &str| text.parse::<u64>().expect("an integer") as f64;
    assert_eq!(
        parsed(numerator) / parsed(denominator),
        f64::from(scale[0]),
        "{exact}"
    );
}

#[test]
fn the_exporters_names_win_where_they_are_clear() {
    let prepared = prepared(&builder::difference(true));
    assert_eq!(input_names(&prepared), ["right", "left"]);
    assert_eq!(
        prepared.outputs[0].description.name.as_deref(),
        Some("difference")
    );
    let edited = File::read(&prepared.bytes).expect("reads");
    assert!(edited.signatures.is_empty());

    let mut file = builder::File::new();
    let x = file.tensor(Tensor::new("x", INT8));
    let y = file.tensor(Tensor::new("y", INT8));
    file.operator(QUANTIZE, &[x], &[y]);
    // Two names for one tensor.
    file.signature("a", &[(0, "one"), (0, "two")], &[(1, "out")]);
    let prepared = self::prepared(&file.finish(&[x], &[y]));
    assert_eq!(input_names(&prepared), ["x"]);
    assert_eq!(prepared.outputs[0].description.name.as_deref(), Some("out"));
}

#[test]
fn every_name_fits_the_format() {
    let long = format!("model/{}/dense", "block/".repeat(20));
    let longer = format!("other/{long}");
    let names: [&[u8]; 7] = [
        b"x",
        b"x",
        b"",
        "gr\u{f6}\u{df}e\n".as_bytes(),
        &[0xff, b'y'],
        long.as_bytes(),
        longer.as_bytes(),
    ];
    let mut file = builder::File::new();
    let tensor = Tensor::new("", INT8);
    let numbers: Vec<i32> = names.iter().map(|name| file.named(name, &tensor)).collect();
    let y = file.tensor(Tensor::new("y", INT8));
    file.operator(QUANTIZE, &numbers, &[y]);
    let prepared = prepared(&file.finish(&numbers, &[y]));
    let fitted = input_names(&prepared);
    let end = &long[long.len() - 64..];
    let second = format!("{}_2", &long[long.len() - 62..]);
    assert_eq!(
        fitted,
        ["x", "x_2", "input", "gr__e_", "_y", end, second.as_str()]
    );
}

#[test]
fn an_open_batch_is_one_and_other_open_dimensions_are_asked_for() {
    let image = Tensor {
        shape: &[1, 8, 8, 3],
        ..Tensor::new("image", INT8).open(&[-1, 8, 8, 3])
    };
    let file = with_inputs(&[image.clone()]);
    let prepared = prepared(&file);
    assert_eq!(prepared.inputs[0].shape, [1, 8, 8, 3]);
    let edited = File::read(&prepared.bytes).expect("reads");
    let tensor = edited.tensor(0).expect("reads");
    assert_eq!(tensor.shape, [1, 8, 8, 3]);

    let batch = shaped(&file, "image", &[5, 8, 8, 3]).expect("fits");
    assert_eq!(batch.inputs[0].shape, [5, 8, 8, 3]);
    for wrong in [&[1, 9, 8, 3][..], &[1, 8, 8], &[1, 8, 8, usize::MAX]] {
        let error = shaped(&file, "image", wrong).expect_err("does not fit");
        assert!(
            error.to_string().contains("open dimensions of ?x8x8x3"),
            "{error}"
        );
    }
    let error = shaped(&file, "picture", &[1, 8, 8, 3]).expect_err("no such input");
    assert!(
        error.to_string().contains("its inputs are image"),
        "{error}"
    );

    let any_size = Tensor {
        open: Some(&[-1, -1, -1, 3]),
        ..image
    };
    let file = with_inputs(&[any_size]);
    let told = refused(&file);
    assert!(
        told.contains("?x?x?x3") && told.contains("--shape image="),
        "{told}"
    );
    let sized = shaped(&file, "image", &[1, 4, 4, 3]).expect("fits");
    assert_eq!(sized.inputs[0].shape, [1, 4, 4, 3]);
}

#[test]
fn outputs_stay_open() {
    let mut file = builder::File::new();
    let x = file.tensor(Tensor::new("x", INT8).open(&[-1, 4]));
    let y = file.tensor(Tensor::new("y", INT8).open(&[-1, 4]));
    file.operator(QUANTIZE, &[x], &[y]);
    let prepared = prepared(&file.finish(&[x], &[y]));
    assert_eq!(prepared.outputs[0].shape, [DYNAMIC, 4]);
}

/// A graph between float32 or uint8 conversions: `y = q - q`.
fn wrapped(outer: u8, outer_zero_points: [i64; 2], from_float: i32) -> Vec<u8> {
    let mut file = builder::File::new();
    let scaled = |name, zero_point| Tensor::new(name, INT8).scaled(&[0.5], zero_point);
    let outside = |name, zero_point| {
        if outer == FLOAT32 {
            Tensor::new(name, FLOAT32)
        } else {
            Tensor::new(name, outer).scaled(&[0.5], zero_point)
        }
    };
    let (zero_in, zero_out) = ([outer_zero_points[0]], [outer_zero_points[1]]);
    let x = file.tensor(outside("x", &zero_in));
    let inner_x = file.tensor(scaled("x_int8", &[3]));
    let inner_y = file.tensor(scaled("y_int8", &[-4]));
    let y = file.tensor(outside("y", &zero_out));
    file.operator(QUANTIZE, &[x], &[inner_x]);
    file.operator(SUB, &[inner_x, inner_x], &[inner_y]);
    file.operator(from_float, &[inner_y], &[y]);
    file.signature("serving_default", &[(0, "in")], &[(3, "out")]);
    file.finish(&[x], &[y])
}

#[test]
fn conversions_at_the_boundary_are_taken_off() {
    for bytes in [
        wrapped(FLOAT32, [0, 0], DEQUANTIZE),
        wrapped(UINT8, [131, 124], QUANTIZE),
    ] {
        let prepared = prepared(&bytes);
        let edited = File::read(&prepared.bytes).expect("reads");
        assert_eq!(
            (edited.inputs.as_slice(), edited.outputs.as_slice()),
            (&[1][..], &[2][..])
        );
        let [operator] = edited.operators.as_slice() else {
            panic!("{:?}", edited.operators)
        };
        assert_eq!(
            (operator.code, operator.inputs.as_slice()),
            (SUB, &[1, 1][..])
        );
        assert_eq!(input_names(&prepared), ["in"]);
        assert_eq!(prepared.inputs[0].description.scale.as_deref(), Some("1/2"));
        assert_eq!(prepared.inputs[0].description.zero_point, 3);
        assert_eq!(prepared.outputs[0].description.zero_point, -4);
        assert_eq!(prepared.remarks.len(), 2, "{:?}", prepared.remarks);
        assert!(
            prepared.remarks[0].contains("input 'in'"),
            "{:?}",
            prepared.remarks
        );
    }
}

#[test]
fn other_floats_and_bytes_are_refused() {
    // Another zero point: more than a change of type.
    let told = refused(&wrapped(UINT8, [130, 124], QUANTIZE));
    assert!(
        told.contains("input 'in'") && told.contains("uint8"),
        "{told}"
    );
    let told = refused(&wrapped(UINT8, [131, 125], QUANTIZE));
    assert!(told.contains("output 'out'"), "{told}");
    // A float model.
    let mut file = builder::File::new();
    let x = file.tensor(Tensor::new("x", FLOAT32));
    let y = file.tensor(Tensor::new("y", FLOAT32));
    file.operator(SUB, &[x, x], &[y]);
    let told = refused(&file.finish(&[x], &[y]));
    assert!(
        told.contains("float32") && told.contains("inference_input_type=tf.int8"),
        "{told}"
    );
    let told = refused(&with_inputs(&[Tensor::new("token", INT64)]));
    assert!(told.contains("'token'") && told.contains("int64"), "{told}");
    for fine in [INT32, BOOL] {
        let prepared = prepared(&with_inputs(&[Tensor::new("token", fine)]));
        assert_eq!(prepared.inputs[0].description.scale, None);
    }
}

#[test]
fn scales_along_an_axis_are_kept_and_impossible_ones_named() {
    let tensor = Tensor {
        scales: &[0.5, 0.25, 1.0, 2.0],
        zero_points: &[1, 2, 3, 4],
        axis: 1,
        ..Tensor::new("x", INT8)
    };
    let prepared = prepared(&with_inputs(&[tensor.clone()]));
    let description = &prepared.inputs[0].description;
    assert_eq!(description.scales, ["1/2", "1/4", "1/1", "2/1"]);
    assert_eq!(
        (description.axis, description.zero_points.as_slice()),
        (1, &[1, 2, 3, 4][..])
    );
    let few = Tensor {
        zero_points: &[1],
        ..tensor
    };
    assert!(refused(&with_inputs(&[few])).contains("4 scales with 1 zero points"));
    for scale in [0.0, -1.0, f32::NAN, 1e-30, 1e30] {
        let told = refused(&with_inputs(&[
            Tensor::new("x", INT8).scaled(&[scale], &[0])
        ]));
        assert!(told.contains("input 'x': its scale is"), "{told}");
    }
    let far = Tensor::new("x", INT8).scaled(&[1.0], &[1 << 40]);
    assert!(refused(&with_inputs(&[far])).contains("zero point"));
}

#[test]
fn files_of_another_kind_are_named() {
    let changed = |change: fn(&mut builder::File)| {
        let mut file = builder::File::new();
        let x = file.tensor(Tensor::new("x", INT8));
        change(&mut file);
        refused(&file.finish(&[x], &[x]))
    };
    let told = changed(|file| file.identifier = "TOSA");
    assert!(told.contains("TFL3"), "{told}");
    let told = changed(|file| file.version = 2);
    assert!(told.contains("version 2"), "{told}");
    let told = changed(|file| {
        file.signature("encode", &[(0, "x")], &[(0, "x")]);
        file.signature("decode", &[(0, "x")], &[(0, "x")]);
    });
    assert!(told.contains("'encode', 'decode'"), "{told}");
    let told = refused(&builder::File::new().finish(&[], &[]));
    assert!(told.contains("no inputs"), "{told}");
    let told = refused(&builder::File::new().finish(&[7], &[7]));
    assert!(told.contains("no tensor 7"), "{told}");
}

#[test]
fn no_cut_or_changed_byte_makes_a_panic() {
    for file in [
        builder::difference(true),
        wrapped(FLOAT32, [0, 0], DEQUANTIZE),
    ] {
        for end in 0..file.len() {
            let _ = prepare(&file[..end], &BTreeMap::new());
        }
        for index in 0..file.len() {
            for value in [
                0,
                1,
                0x7f,
                0x80,
                0xff,
                file[index] ^ 1,
                file[index].wrapping_add(4),
            ] {
                let mut changed = file.clone();
                changed[index] = value;
                let _ = prepare(&changed, &BTreeMap::new());
            }
        }
    }
}
