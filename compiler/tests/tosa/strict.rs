//! What a file says of itself is held against what it is: each wrong declaration has its own error.

use crate::file::{BOOL, File, INT8, INT16, INT32, INT48, Offset};
use fixpoint_compiler::{
    CompileError,
    tosa::{self, Attribute, NodeError},
};
use fixpoint_runtime::{
    error::{ModelError, OperatorError},
    tensor::DType,
};

/// Codes of operators.
const ADD: u32 = 15;
const AVG_POOL2D: u32 = 2;
const CONCAT: u32 = 55;
const CONV2D: u32 = 3;
const IDENTITY: u32 = 68;
const MUL: u32 = 28;
const PAD: u32 = 56;
const REDUCE_SUM: u32 = 54;
const RESCALE: u32 = 66;
const RESHAPE: u32 = 57;
const RESIZE: u32 = 64;
const SLICE: u32 = 59;
const TRANSPOSE: u32 = 61;

fn import(build: impl FnOnce(&mut File)) -> Result<(), CompileError> {
    let mut file = File::new();
    build(&mut file);
    tosa::import(&file.finish("x", "y"), None).map(drop)
}

/// The cause for which the operator that computes `y` is refused.
#[track_caller]
fn cause(name: &str, build: impl FnOnce(&mut File)) -> NodeError {
    match import(build) {
        Err(CompileError::TosaNode {
            operator, cause, ..
        }) => {
            assert_eq!(operator, name);
            cause
        }
        other => panic!("{other:?}"),
    }
}

/// The runtime's cause.
#[track_caller]
fn runtime_cause(name: &str, build: impl FnOnce(&mut File)) -> OperatorError {
    match import(build) {
        Err(CompileError::Rejected {
            source: ModelError::Operator { cause, .. },
            operator: Some(operator),
        }) => {
            assert_eq!(operator.name(), name);
            cause
        }
        other => panic!("{other:?}"),
    }
}

/// `y = x + c` of three int32 elements, reading and writing these.
fn add(file: &mut File, inputs: &[&str], outputs: &[&str]) {
    file.tensor("x", &[3], INT32, &[]);
    file.constant("c", &[3], INT32, &[0; 12]);
    file.tensor("y", &[3], INT32, &[]);
    file.node(ADD, None, inputs, outputs);
}

#[test]
fn operands_and_outputs_are_counted() {
    import(|file| add(file, &["x", "c"], &["y"])).expect("it is right");
    for (inputs, got) in [(&["x"][..], 1), (&["x", "c", "nobody"], 3), (&[], 0)] {
        let found = cause("ADD", |file| add(file, inputs, &["y"]));
        assert_eq!(found, NodeError::InputCount { got, want: 2 });
    }
    for (outputs, got) in [(&[][..], 0), (&["y", "nobody"], 2)] {
        let found = cause("ADD", |file| add(file, &["x", "c"], outputs));
        assert_eq!(found, NodeError::OutputCount { got });
    }
    let found = cause("CONCAT", |file| {
        file.tensor("x", &[1], INT8, &[]);
        file.tensor("y", &[1], INT8, &[]);
        file.node(CONCAT, None, &[], &["y"]);
    });
    assert_eq!(found, NodeError::NoInput);
}

#[test]
fn names_are_defined_once_and_in_order() {
    let found = cause("ADD", |file| add(file, &["x", "z"], &["y"]));
    let name = "z".to_owned();
    assert_eq!(found, NodeError::Undefined { operand: 1, name });
    for output in ["x", "c"] {
        let found = cause("ADD", |file| add(file, &["x", "c"], &[output]));
        assert_eq!(found, NodeError::Redefined);
    }
    let twice = import(|file| {
        add(file, &["x", "c"], &["y"]);
        file.tensor("x", &[3], INT32, &[]);
    });
    let error = twice.expect_err("two tensors of one name");
    assert!(
        error.to_string().contains("'x' is declared twice"),
        "{error}"
    );
}

/// `y = x + x` of shape `[2, 3]`, declared as this.
fn declared(shape: &'static [i32], dtype: u32) -> impl FnOnce(&mut File) {
    move |file| {
        file.tensor("x", &[2, 3], INT32, &[]);
        file.tensor("y", shape, dtype, &[]);
        file.node(ADD, None, &["x", "x"], &["y"]);
    }
}

#[test]
fn declared_outputs_are_what_is_inferred() {
    import(declared(&[2, 3], INT32)).expect("it is right");
    assert_eq!(
        cause("ADD", declared(&[2, 3], INT16)),
        NodeError::OutputType {
            declared: DType::I16,
            inferred: DType::I32
        }
    );
    let inferred = vec![2, 3];
    assert_eq!(
        cause("ADD", declared(&[3], INT32)),
        NodeError::OutputRank {
            declared: vec![3],
            inferred: inferred.clone()
        }
    );
    assert_eq!(
        cause("ADD", declared(&[2, 4], INT32)),
        NodeError::OutputShape {
            declared: vec![2, 4],
            inferred: inferred.clone()
        }
    );
    assert_eq!(
        cause("ADD", declared(&[2, -1], INT32)),
        NodeError::OutputShape {
            declared: vec![2, -1],
            inferred
        }
    );
}

#[test]
fn tensors_between_operators_are_checked_too() {
    let build = |shape: &'static [i32]| {
        move |file: &mut File| {
            file.tensor("x", &[2], INT32, &[]);
            file.tensor("between", shape, INT32, &[]);
            file.node(ADD, None, &["x", "x"], &["between"]);
            file.tensor("y", &[2], INT32, &[]);
            file.node(IDENTITY, None, &["between"], &["y"]);
        }
    };
    import(build(&[2])).expect("it is right");
    let found = cause("ADD", build(&[3]));
    assert!(matches!(found, NodeError::OutputShape { .. }), "{found}");
}

/// A convolution of `[1, 3, 3, 2]` with `[1, 2, 2, 2]`, and what of it may be wrong.
struct Conv {
    pad: &'static [i32],
    stride: &'static [i32],
    dilation: &'static [i32],
    accumulator: u32,
    zero_point_type: u32,
    zero_points: &'static [u8],
    zero_point_shape: &'static [i32],
    bias_type: u32,
    has_attribute: bool,
}

impl Default for Conv {
    fn default() -> Self {
        Self {
            pad: &[0; 4],
            stride: &[1, 1],
            dilation: &[1, 1],
            accumulator: INT32,
            zero_point_type: INT8,
            zero_points: &[0],
            zero_point_shape: &[1],
            bias_type: INT32,
            has_attribute: true,
        }
    }
}

impl Conv {
    fn write(self, file: &mut File) {
        file.tensor("x", &[1, 3, 3, 2], INT8, &[]);
        file.constant("weight", &[1, 2, 2, 2], INT8, &[1; 8]);
        file.constant("bias", &[1], self.bias_type, &[0; 4]);
        file.constant(
            "input_zp",
            self.zero_point_shape,
            self.zero_point_type,
            self.zero_points,
        );
        file.constant("weight_zp", &[1], INT8, &[0]);
        file.tensor("y", &[1, 2, 2, 1], INT32, &[]);
        let lists = [self.pad, self.stride, self.dilation];
        let attribute: Option<Offset> = self
            .has_attribute
            .then(|| file.attribute(&lists, Some((4, self.accumulator as i32))));
        let inputs = ["x", "weight", "bias", "input_zp", "weight_zp"];
        file.node(CONV2D, attribute, &inputs, &["y"]);
    }
}

#[test]
fn attributes_of_windows_are_checked() {
    let refused = |conv: Conv| cause("CONV2D", |file| conv.write(file));
    import(|file| Conv::default().write(file)).expect("it is right");
    let want = DType::I32;
    assert_eq!(
        refused(Conv {
            accumulator: INT48,
            ..Conv::default()
        }),
        NodeError::AccumulatorType {
            declared: "int48",
            want
        }
    );
    assert_eq!(
        refused(Conv {
            stride: &[1],
            ..Conv::default()
        }),
        NodeError::AttributeLength {
            attribute: Attribute::Stride,
            got: 1,
            want: 2
        }
    );
    let below = |attribute, value| NodeError::AttributeRange {
        attribute,
        value,
        min: 0,
        max: u32::MAX.into(),
    };
    let found = refused(Conv {
        stride: &[1, -2],
        ..Conv::default()
    });
    assert_eq!(found, below(Attribute::Stride, -2));
    let found = refused(Conv {
        dilation: &[-1, 1],
        ..Conv::default()
    });
    assert_eq!(found, below(Attribute::Dilation, -1));
    let found = refused(Conv {
        pad: &[0, 0, 0, -3],
        ..Conv::default()
    });
    assert_eq!(found, below(Attribute::Pad, -3));
    let missing = Conv {
        has_attribute: false,
        ..Conv::default()
    };
    // The writer puts an empty table: nothing of the lists is there.
    assert!(matches!(
        refused(missing),
        NodeError::AccumulatorType { .. }
    ));
}

#[test]
fn zero_points_are_constants_of_one_element_and_of_their_operands_type() {
    let refused = |conv: Conv| cause("CONV2D", |file| conv.write(file));
    let name = || "input_zp".to_owned();
    assert_eq!(
        refused(Conv {
            zero_point_type: INT32,
            zero_points: &[0; 4],
            ..Conv::default()
        }),
        NodeError::OperandType {
            operand: 3,
            name: name(),
            declared: DType::I32,
            want: DType::I8
        }
    );
    assert_eq!(
        refused(Conv {
            zero_points: &[0; 2],
            zero_point_shape: &[2],
            ..Conv::default()
        }),
        NodeError::OperandLength {
            operand: 3,
            name: name(),
            got: 2,
            want: 1
        }
    );
    assert_eq!(
        refused(Conv {
            zero_point_shape: &[],
            ..Conv::default()
        }),
        NodeError::OperandRank {
            operand: 3,
            name: name(),
            declared: 0
        }
    );
    let bias = Conv {
        bias_type: INT48,
        ..Conv::default()
    };
    // Four bytes are no int48: the constant is refused before the operator reads it.
    let error = import(|file| bias.write(file)).expect_err("a short constant");
    assert!(error.to_string().contains("needs 6"), "{error}");
    let found = runtime_cause("CONV2D", |file| {
        Conv {
            bias_type: BOOL,
            ..Conv::default()
        }
        .write(file);
    });
    let dtype = DType::Bool;
    assert_eq!(found, OperatorError::OperandType { operand: 2, dtype });
}

#[test]
fn what_must_be_constant_is_not_computed() {
    let build = |shift: &'static str, shift_type: u32| {
        move |file: &mut File| {
            file.tensor("x", &[1], INT8, &[]);
            file.constant("shift", &[1], shift_type, &[0, 0, 0, 0][..size(shift_type)]);
            file.tensor("computed", &[1], INT8, &[]);
            file.node(IDENTITY, None, &["shift"], &["computed"]);
            file.shape("shape", &[0]);
            file.tensor("y", &[1], INT32, &[]);
            file.node(MUL, None, &["x", "x", shift], &["y"]);
        }
    };
    const fn size(dtype: u32) -> usize {
        if dtype == INT8 { 1 } else { 4 }
    }
    import(build("shift", INT8)).expect("it is right");
    let name = |name: &str| name.to_owned();
    let (operand, want) = (2, DType::I8);
    assert_eq!(
        cause("MUL", build("computed", INT8)),
        NodeError::NotConstant {
            operand,
            name: name("computed")
        }
    );
    assert_eq!(
        cause("MUL", build("shape", INT8)),
        NodeError::Undefined {
            operand,
            name: name("shape")
        }
    );
    let found = import(|file| {
        file.tensor("x", &[1], INT8, &[]);
        file.constant("shift", &[1], INT32, &[0; 4]);
        file.tensor("y", &[1], INT32, &[]);
        file.node(MUL, None, &["x", "x", "shift"], &["y"]);
    });
    let Err(CompileError::TosaNode { cause: found, .. }) = found else {
        panic!("{found:?}")
    };
    assert_eq!(
        found,
        NodeError::OperandType {
            operand,
            name: name("shift"),
            declared: DType::I32,
            want
        }
    );
}

#[test]
fn shapes_are_constant_shapes() {
    let reshape = |shape: &'static str| {
        move |file: &mut File| {
            file.tensor("x", &[4], INT8, &[]);
            file.shape("square", &[2, 2]);
            file.shape("inferred", &[2, -1]);
            file.tensor("y", &[2, 2], INT8, &[]);
            file.node(RESHAPE, None, &["x", shape], &["y"]);
        }
    };
    import(reshape("square")).expect("it is right");
    let (operand, name) = (1, "x".to_owned());
    assert_eq!(
        cause("RESHAPE", reshape("x")),
        NodeError::NotAShape { operand, name }
    );
    assert_eq!(
        cause("RESHAPE", reshape("inferred")),
        NodeError::AttributeRange {
            attribute: Attribute::NewShape,
            value: -1,
            min: 0,
            max: u32::MAX.into()
        }
    );
}

#[test]
fn starts_sizes_and_margins_are_not_negative() {
    let slice = |start: i64, size: i64| {
        move |file: &mut File| {
            file.tensor("x", &[4], INT8, &[]);
            file.shape("start", &[start]);
            file.shape("size", &[size]);
            file.tensor("y", &[2], INT8, &[]);
            file.node(SLICE, None, &["x", "start", "size"], &["y"]);
        }
    };
    let pad = |margins: &'static [i64]| {
        move |file: &mut File| {
            file.tensor("x", &[4], INT8, &[]);
            file.constant("value", &[1], INT8, &[0]);
            file.shape("margins", margins);
            file.tensor("y", &[6], INT8, &[]);
            file.node(PAD, None, &["x", "margins", "value"], &["y"]);
        }
    };
    import(slice(1, 2)).expect("it is right");
    import(pad(&[1, 1])).expect("it is right");
    let below = |attribute, value| NodeError::AttributeRange {
        attribute,
        value,
        min: 0,
        max: u32::MAX.into(),
    };
    assert_eq!(cause("SLICE", slice(-1, 2)), below(Attribute::Start, -1));
    assert_eq!(cause("SLICE", slice(1, -2)), below(Attribute::Size, -2));
    assert_eq!(
        runtime_cause("SLICE", slice(1, 0)),
        OperatorError::Outside { axis: 0 }
    );
    assert_eq!(cause("PAD", pad(&[3, -1])), below(Attribute::Pad, -1));
    assert_eq!(cause("PAD", pad(&[1])), NodeError::Margins { got: 1 });
    assert_eq!(
        runtime_cause("PAD", pad(&[1, 1, 0, 0])),
        OperatorError::EntryCount { got: 2, want: 1 }
    );
}

#[test]
fn axes_and_modes_are_checked() {
    let sum = |axis: i32| {
        move |file: &mut File| {
            file.tensor("x", &[4], INT32, &[]);
            file.tensor("y", &[1], INT32, &[]);
            let attribute = file.attribute(&[], Some((0, axis)));
            file.node(REDUCE_SUM, Some(attribute), &["x"], &["y"]);
        }
    };
    import(sum(0)).expect("it is right");
    assert_eq!(
        cause("REDUCE_SUM", sum(-1)),
        NodeError::AttributeRange {
            attribute: Attribute::Axis,
            value: -1,
            min: 0,
            max: 255
        }
    );
    assert_eq!(
        runtime_cause("REDUCE_SUM", sum(1)),
        OperatorError::Axis { axis: 1, rank: 1 }
    );
    let found = cause("TRANSPOSE", |file| {
        file.tensor("x", &[4], INT32, &[]);
        file.tensor("y", &[4], INT32, &[]);
        let attribute = file.attribute(&[&[-1]], None);
        file.node(TRANSPOSE, Some(attribute), &["x"], &["y"]);
    });
    assert!(
        matches!(
            found,
            NodeError::AttributeRange {
                attribute: Attribute::Permutation,
                value: -1,
                ..
            }
        ),
        "{found}"
    );
}

#[test]
fn pools_accumulate_in_i32() {
    let pool = |accumulator: u32| {
        move |file: &mut File| {
            file.tensor("x", &[1, 2, 2, 1], INT16, &[]);
            file.constant("zp", &[1], INT16, &[0; 2]);
            file.tensor("y", &[1, 1, 1, 1], INT16, &[]);
            let lists: [&[i32]; 3] = [&[2, 2], &[1, 1], &[0; 4]];
            let attribute = file.attribute(&lists, Some((3, accumulator as i32)));
            file.node(AVG_POOL2D, Some(attribute), &["x", "zp", "zp"], &["y"]);
        }
    };
    import(pool(INT32)).expect("it is right");
    assert_eq!(
        cause("AVG_POOL2D", pool(INT48)),
        NodeError::AccumulatorType {
            declared: "int48",
            want: DType::I32
        }
    );
}

/// A RESIZE of `[1, 1, 1, 1]` to itself.
fn resize(mode: i32, scale: &'static [i64]) -> impl FnOnce(&mut File) {
    move |file| {
        file.tensor("x", &[1, 1, 1, 1], INT8, &[]);
        file.shape("scale", scale);
        file.shape("none", &[0, 0]);
        file.tensor("y", &[1, 1, 1, 1], INT8, &[]);
        let attribute = file.attribute(&[], Some((0, mode)));
        let inputs = ["x", "scale", "none", "none"];
        file.node(RESIZE, Some(attribute), &inputs, &["y"]);
    }
}

#[test]
fn resize_has_its_lists_and_a_mode() {
    import(resize(1, &[1, 1, 1, 1])).expect("it is right");
    assert_eq!(
        cause("RESIZE", resize(0, &[1, 1, 1, 1])),
        NodeError::ResizeMode { mode: 0 }
    );
    assert_eq!(
        cause("RESIZE", resize(1, &[1, 1, 1])),
        NodeError::OperandLength {
            operand: 1,
            name: "scale".to_owned(),
            got: 3,
            want: 4
        }
    );
    let found = cause("RESIZE", resize(1, &[-1, 1, 1, 1]));
    assert!(
        matches!(
            found,
            NodeError::AttributeRange {
                attribute: Attribute::Scale,
                value: -1,
                ..
            }
        ),
        "{found}"
    );
}

#[test]
fn rescale_rounds_exactly_and_has_multipliers_of_its_scale() {
    let rescale = |rounding: u32, scale32: bool| {
        move |file: &mut File| {
            file.tensor("x", &[1], INT32, &[]);
            file.constant("multiplier", &[1], INT32, &[1, 0, 0, 0]);
            file.constant("shift", &[1], INT8, &[8]);
            file.constant("input_zp", &[1], INT32, &[0; 4]);
            file.constant("output_zp", &[1], INT8, &[0]);
            file.tensor("y", &[1], INT8, &[]);
            let table = file.builder.start_table();
            file.builder.push_slot_always(crate::file::slot(0), scale32);
            file.builder
                .push_slot_always(crate::file::slot(1), rounding);
            let table = file.builder.end_table(table);
            let inputs = ["x", "multiplier", "shift", "input_zp", "output_zp"];
            file.node(RESCALE, Some(table), &inputs, &["y"]);
        }
    };
    import(rescale(1, true)).expect("it is right");
    import(rescale(3, true)).expect("it is right");
    assert_eq!(
        cause("RESCALE", rescale(2, true)),
        NodeError::RoundingMode { mode: 2 }
    );
    assert_eq!(
        cause("RESCALE", rescale(1, false)),
        NodeError::OperandType {
            operand: 1,
            name: "multiplier".to_owned(),
            declared: DType::I32,
            want: DType::I16
        }
    );
}

#[test]
fn what_is_outside_the_profile_says_what_it_belongs_to() {
    let single = |code: u32, dtype: u32| {
        import(|file| {
            file.tensor("x", &[1], dtype, &[]);
            file.tensor("y", &[1], dtype, &[]);
            file.node(code, None, &["x"], &["y"]);
        })
    };
    single(IDENTITY, INT8).expect("it is right");
    for (code, want, belongs) in [
        (44, "SIN", "PRO-FP"),
        (9, "RFFT2D", "EXT-FFT"),
        (70, "COND_IF", "EXT-CONTROLFLOW"),
        (74, "VARIABLE_READ", "EXT-VARIABLE"),
        (100, "MATMUL_T", "newer than TOSA 1.0"),
    ] {
        match single(code, INT8) {
            Err(CompileError::TosaOperator {
                operator,
                belongs: found,
                ..
            }) => assert_eq!((operator, found), (want, belongs)),
            other => panic!("{other:?}"),
        }
    }
    for (dtype, want, belongs) in [
        (2, "int4", "EXT-INT4"),
        (7, "fp32", "PRO-FP"),
        (9, "bf16", "EXT-BF16"),
        (17, "int64", "newer than TOSA 1.0"),
    ] {
        match single(IDENTITY, dtype) {
            Err(CompileError::TosaType {
                dtype,
                belongs: found,
                ..
            }) => assert_eq!((dtype, found), (want, belongs)),
            other => panic!("{other:?}"),
        }
    }
    let deep = import(|file| {
        file.tensor("x", &[1; 7], INT8, &[]);
        file.tensor("y", &[1; 7], INT8, &[]);
        file.node(IDENTITY, None, &["x"], &["y"]);
    });
    assert!(
        matches!(
            deep,
            Err(CompileError::TosaRank {
                rank: 7,
                limit: 6,
                ..
            })
        ),
        "{deep:?}"
    );
}
