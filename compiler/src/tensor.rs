//! A tensor in floating point, and how indices move when it is broadcast or reordered.
//!
//! Elements are `f64` whatever they stand for: 53 bits hold every index and every `f32` exactly.

/// What the elements of a tensor are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Element {
    /// Real numbers: quantised when the graph is lowered.
    #[default]
    Real,
    /// Integers: indices, counts, token ids. They stay what they are, in 32 bits.
    Integer,
    /// Truth values, 0 or 1.
    Boolean,
}

/// A dense tensor, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// Dimensions.
    pub shape: Vec<usize>,
    /// Elements.
    pub elements: Vec<f64>,
    /// What they are.
    pub element: Element,
}

impl Tensor {
    /// A tensor of real numbers.
    pub fn real(shape: &[usize], elements: Vec<f64>) -> Self {
        Self::of(Element::Real, shape, elements)
    }

    /// A tensor of integers.
    pub fn integer(shape: &[usize], elements: Vec<f64>) -> Self {
        Self::of(Element::Integer, shape, elements)
    }

    /// A tensor of given elements.
    ///
    /// # Panics
    /// If there are more or fewer elements than the shape says: a defect of the caller.
    pub fn of(element: Element, shape: &[usize], elements: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), elements.len());
        Self {
            shape: shape.to_vec(),
            elements,
            element,
        }
    }

    /// The elements in single precision: what weights are given in.
    pub fn to_f32(&self) -> Vec<f32> {
        self.elements.iter().map(|&x| x as f32).collect()
    }

    /// The elements as integers, cut towards zero.
    pub fn to_i64(&self) -> Vec<i64> {
        self.elements.iter().map(|&x| x as i64).collect()
    }

    /// The same elements in another shape of equal size.
    pub fn reshaped(&self, shape: &[usize]) -> Self {
        Self::of(self.element, shape, self.elements.clone())
    }

    /// The elements with these indices, in this shape.
    pub fn picked(&self, shape: &[usize], indices: &[usize]) -> Self {
        let elements = indices.iter().map(|&index| self.elements[index]).collect();
        Self::of(self.element, shape, elements)
    }
}

/// Distance between neighbours along each axis of a row-major tensor.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The shape that two shapes have when broadcast against each other; nothing if they do not fit.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(axis) => shape[axis],
        None => 1,
    };
    (0..rank)
        .map(|axis| match (dim(a, axis), dim(b, axis)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// For each element of a tensor of shape `to`, `start + sum of index * stride` over its axes.
pub fn walk(to: &[usize], start: usize, strides: &[usize]) -> Vec<usize> {
    let mut indices = vec![start];
    for (&size, &stride) in to.iter().zip(strides) {
        indices = indices
            .iter()
            .flat_map(|&base| (0..size).map(move |index| base + index * stride))
            .collect();
    }
    indices
}

/// For each element of a tensor of shape `to`, the index of the element of a tensor of shape
/// `from` that is broadcast onto it.
pub fn broadcast_indices(from: &[usize], to: &[usize]) -> Vec<usize> {
    let own = strides(from);
    let missing = to.len() - from.len();
    let strides: Vec<usize> = (0..to.len())
        .map(|axis| match axis.checked_sub(missing) {
            Some(axis) if from[axis] != 1 => own[axis],
            _ => 0,
        })
        .collect();
    walk(to, 0, &strides)
}

/// A shape with its axes reordered: axis `i` of the result is axis `permutation[i]`.
pub fn permuted(shape: &[usize], permutation: &[usize]) -> Vec<usize> {
    permutation.iter().map(|&axis| shape[axis]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_broadcast_as_numpy_does() {
        assert_eq!(broadcast_shape(&[3, 1], &[4]), Some(vec![3, 4]));
        assert_eq!(broadcast_shape(&[], &[2, 1]), Some(vec![2, 1]));
        assert_eq!(broadcast_shape(&[3], &[4]), None);
        assert_eq!(
            broadcast_indices(&[2, 1], &[2, 2, 3]),
            [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]
        );
    }

    #[test]
    fn a_walk_goes_over_the_last_axis_first() {
        assert_eq!(walk(&[2, 3], 1, &[10, 2]), [1, 3, 5, 11, 13, 15]);
        assert_eq!(strides(&[2, 3, 4]), [12, 4, 1]);
    }
}
