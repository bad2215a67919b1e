//! The work of one inference, counted by class from shapes alone.
//!
//! Classes are what costs differently on a machine; prices per class belong to the chain
//! (`precompile/evm`), never here. The counts are part of an activation record: a class that is
//! added raises the record version.

/// Number of classes in a [`Work`].
pub const WORK_CLASSES: usize = 15;

/// Units of work of one inference. All counts saturate; limits keep them far from that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Operators run, whatever their size.
    pub operators: u64,
    /// Dense multiply-accumulates, 8 bit x 8 bit (CONV2D, CONV3D, TRANSPOSE_CONV2D, MATMUL).
    pub macs_i8: u64,
    /// Dense multiply-accumulates, 16 bit x 8 bit.
    pub macs_i16x8: u64,
    /// Dense multiply-accumulates, 16 bit x 16 bit.
    pub macs_i16: u64,
    /// Depthwise multiply-accumulates, 8 bit x 8 bit.
    pub depthwise_macs_i8: u64,
    /// Depthwise multiply-accumulates, 16 bit x 8 bit.
    pub depthwise_macs_i16: u64,
    /// Window elements read by pooling (kernel area x output elements).
    pub pool_elements: u64,
    /// Elements of cheap element-wise operators (ADD, SUB, CLAMP, shifts, comparisons, CAST, ...).
    pub elementwise: u64,
    /// Elements of MUL on 32 bits.
    pub multiply_i32: u64,
    /// Elements of INTDIV.
    pub divide: u64,
    /// Elements of RESCALE.
    pub rescale: u64,
    /// Elements of TABLE.
    pub table: u64,
    /// Elements read by reductions and ARGMAX.
    pub reduce: u64,
    /// Bytes written by data movement (PAD, SLICE, CONCAT, TRANSPOSE, TILE, REVERSE, ...).
    pub move_bytes: u64,
    /// Elements moved by index (GATHER, SCATTER).
    pub gather: u64,
}

impl Work {
    /// The counts in record order.
    pub const fn to_array(&self) -> [u64; WORK_CLASSES] {
        [
            self.operators,
            self.macs_i8,
            self.macs_i16x8,
            self.macs_i16,
            self.depthwise_macs_i8,
            self.depthwise_macs_i16,
            self.pool_elements,
            self.elementwise,
            self.multiply_i32,
            self.divide,
            self.rescale,
            self.table,
            self.reduce,
            self.move_bytes,
            self.gather,
        ]
    }

    /// The inverse of [`Self::to_array`].
    pub const fn from_array(counts: [u64; WORK_CLASSES]) -> Self {
        Self {
            operators: counts[0],
            macs_i8: counts[1],
            macs_i16x8: counts[2],
            macs_i16: counts[3],
            depthwise_macs_i8: counts[4],
            depthwise_macs_i16: counts[5],
            pool_elements: counts[6],
            elementwise: counts[7],
            multiply_i32: counts[8],
            divide: counts[9],
            rescale: counts[10],
            table: counts[11],
            reduce: counts[12],
            move_bytes: counts[13],
            gather: counts[14],
        }
    }

    /// Adds another operator's work.
    pub fn add(&mut self, other: &Self) {
        let mut sum = self.to_array();
        for (total, count) in sum.iter_mut().zip(other.to_array()) {
            *total = total.saturating_add(count);
        }
        *self = Self::from_array(sum);
    }
}
