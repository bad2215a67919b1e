//! Einsum: sums, transposes and batched matrix products.

use super::source::{Added, Converted, Source};
use crate::ir::{Op, Reduction, ValueIndex};

/// A tensor with a letter for each axis.
struct Term {
    value: ValueIndex,
    letters: Vec<char>,
}

impl Source<'_> {
    pub(super) fn einsum(&mut self) -> Converted {
        let equation: String = self
            .text("equation")
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let (left, right) = match equation.split_once("->") {
            Some((left, right)) => (left.to_owned(), Some(right.to_owned())),
            None => (equation.clone(), None),
        };
        let mut terms = Vec::new();
        for (index, letters) in left.split(',').enumerate() {
            let value = self.value(index)?;
            let letters = self.spelled(letters, value)?;
            terms.push(self.without_diagonals(Term { value, letters })?);
        }
        let output = match right {
            Some(right) => {
                let dots: Vec<char> = dots(&terms);
                expanded(&right, &dots)
            }
            None => implicit(&terms),
        };
        let mut terms = terms.into_iter();
        let Some(mut result) = terms.next() else {
            return Err(self.unsupported("its equation has no operand"));
        };
        let rest: Vec<Term> = terms.collect();
        for index in 0..rest.len() {
            let later = rest[index + 1..]
                .iter()
                .flat_map(|term| term.letters.iter().copied());
            let kept: Vec<char> = output.iter().copied().chain(later).collect();
            result = self.contracted(&result, &rest[index], &kept)?;
        }
        let result = self.summed(result, &output)?;
        Ok(vec![self.ordered(&result, &output)?])
    }

    /// One letter for each axis; what an ellipsis stands for counts from the digit 0.
    fn spelled(&self, letters: &str, value: ValueIndex) -> Result<Vec<char>, crate::CompileError> {
        let rank = self.shape(value).len();
        let named = letters.chars().filter(|&letter| letter != '.').count();
        let hidden = rank
            .checked_sub(named)
            .filter(|&hidden| hidden == 0 || letters.contains("..."));
        let hidden = hidden
            .ok_or_else(|| self.unsupported(format!("'{letters}' for a tensor of rank {rank}")))?;
        let dots: Vec<char> = (0..hidden)
            .map(|index| char::from(b'0' + (9 - hidden + index) as u8))
            .collect();
        Ok(expanded(letters, &dots))
    }

    /// An axis that occurs twice becomes its diagonal.
    fn without_diagonals(&mut self, term: Term) -> Result<Term, crate::CompileError> {
        let Term {
            mut value,
            mut letters,
        } = term;
        let twice = |letters: &[char]| {
            (0..letters.len()).find_map(|first| {
                let second = letters[first + 1..]
                    .iter()
                    .position(|&l| l == letters[first])?;
                Some((first, first + 1 + second))
            })
        };
        while let Some((first, second)) = twice(&letters) {
            let rank = letters.len();
            let mut order: Vec<usize> = (0..rank)
                .filter(|&axis| axis != first && axis != second)
                .collect();
            order.extend([first, second]);
            let moved = self.transpose(value, &order)?;
            let mut shape = self.shape(moved);
            let size = shape[rank - 1];
            shape.truncate(rank - 2);
            shape.push(size * size);
            let flat = self.reshape(moved, &shape)?;
            let diagonal: Vec<usize> = (0..size).map(|index| index * (size + 1)).collect();
            value = self.pick(flat, rank - 2, &diagonal)?;
            letters = order[..rank - 1]
                .iter()
                .map(|&axis| letters[axis])
                .collect();
        }
        Ok(Term { value, letters })
    }

    /// The sum over the letters that are not kept.
    fn summed(&mut self, term: Term, kept: &[char]) -> Result<Term, crate::CompileError> {
        let axes: Vec<usize> = (0..term.letters.len())
            .filter(|&axis| !kept.contains(&term.letters[axis]))
            .collect();
        let reduced = self.reduce(Reduction::Sum, &axes, term.value)?;
        let shape = self.shape(reduced);
        let left: Vec<usize> = (0..shape.len())
            .filter(|axis| !axes.contains(axis))
            .collect();
        let shape: Vec<usize> = left.iter().map(|&axis| shape[axis]).collect();
        let letters = left.iter().map(|&axis| term.letters[axis]).collect();
        Ok(Term {
            value: self.reshape(reduced, &shape)?,
            letters,
        })
    }

    fn ordered(&mut self, term: &Term, letters: &[char]) -> Added {
        let order: Option<Vec<usize>> = letters
            .iter()
            .map(|letter| term.letters.iter().position(|own| own == letter))
            .collect();
        match order {
            Some(order) if order.len() == term.letters.len() => self.transpose(term.value, &order),
            _ => Err(self.unsupported("an output axis is none of its operands'")),
        }
    }

    /// The product of two terms, summed over what both have and nobody needs later.
    fn contracted(
        &mut self,
        a: &Term,
        b: &Term,
        kept: &[char],
    ) -> Result<Term, crate::CompileError> {
        let of = |term: &Term| Term {
            value: term.value,
            letters: term.letters.clone(),
        };
        let kept_with = |other: &Term| [kept, other.letters.as_slice()].concat();
        let a = self.summed(of(a), &kept_with(b))?;
        let b = self.summed(of(b), &kept_with(&a))?;
        let shared = |letter: &&char| b.letters.contains(letter);
        let batch: Vec<char> = a
            .letters
            .iter()
            .filter(shared)
            .filter(|letter| kept.contains(letter))
            .copied()
            .collect();
        let summed: Vec<char> = a
            .letters
            .iter()
            .filter(shared)
            .filter(|letter| !kept.contains(letter))
            .copied()
            .collect();
        let alone = |term: &Term| -> Vec<char> {
            let taken = |letter: &&char| !batch.contains(letter) && !summed.contains(letter);
            term.letters.iter().filter(taken).copied().collect()
        };
        let (rows, columns) = (alone(&a), alone(&b));
        let sizes = |source: &Self, term: &Term, letters: &[char]| -> Vec<usize> {
            let shape = source.shape(term.value);
            let axis = |letter| {
                term.letters
                    .iter()
                    .position(|own| own == letter)
                    .unwrap_or(0)
            };
            letters.iter().map(|letter| shape[axis(letter)]).collect()
        };
        let (batch_sizes, row_sizes) = (sizes(self, &a, &batch), sizes(self, &a, &rows));
        let (depth_sizes, column_sizes) = (sizes(self, &a, &summed), sizes(self, &b, &columns));
        let count = |sizes: &[usize]| sizes.iter().product::<usize>();
        let left = self.ordered(&a, &[batch.clone(), rows.clone(), summed.clone()].concat())?;
        let right = self.ordered(
            &b,
            &[batch.clone(), summed.clone(), columns.clone()].concat(),
        )?;
        let (images, depth) = (count(&batch_sizes), count(&depth_sizes));
        let left = self.reshape(left, &[images, count(&row_sizes), depth])?;
        let right = self.reshape(right, &[images, depth, count(&column_sizes)])?;
        let product = if images == 1 {
            self.matrix_product(left, right)?
        } else {
            self.add(Op::MatMul, &[left, right])?
        };
        let value = self.reshape(product, &[batch_sizes, row_sizes, column_sizes].concat())?;
        Ok(Term {
            value,
            letters: [batch, rows, columns].concat(),
        })
    }

    /// A product of two matrices with a batch of one: constant weights stay weights.
    fn matrix_product(&mut self, a: ValueIndex, b: ValueIndex) -> Added {
        let (shape_a, shape_b) = (self.shape(a), self.shape(b));
        let a = self.reshape(a, &shape_a[1..])?;
        let b = self.reshape(b, &shape_b[1..])?;
        self.product(a, b)
    }
}

/// Letters with the ellipsis written out.
fn expanded(letters: &str, dots: &[char]) -> Vec<char> {
    let mut result = Vec::new();
    let mut rest = letters;
    while let Some(letter) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("...") {
            result.extend(dots);
            rest = behind;
        } else {
            result.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    result
}

/// What ellipses stand for: the longest.
fn dots(terms: &[Term]) -> Vec<char> {
    let own = |term: &Term| -> Vec<char> {
        term.letters
            .iter()
            .filter(|letter| letter.is_ascii_digit())
            .copied()
            .collect()
    };
    terms
        .iter()
        .map(own)
        .max_by_key(Vec::len)
        .unwrap_or_default()
}

/// The output of an equation without an arrow: the ellipsis, then letters that occur once.
fn implicit(terms: &[Term]) -> Vec<char> {
    let all: Vec<char> = terms
        .iter()
        .flat_map(|term| term.letters.iter().copied())
        .collect();
    let once = |letter: &&char| all.iter().filter(|other| other == letter).count() == 1;
    let mut letters: Vec<char> = all
        .iter()
        .filter(|letter| letter.is_alphabetic())
        .filter(once)
        .copied()
        .collect();
    letters.sort_unstable();
    [dots(terms), letters].concat()
}
