//! Host-side operands: flat arrays in row-major order, and views of them.

use half::f16;

/// Element type of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 32-bit signed integer.
    I32,
    /// 16-bit float (IEEE 754 binary16): inputs of single calls; plans hold 32-bit operands.
    F16,
}

impl DType {
    /// Bytes of one element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F16 => 2,
        }
    }
}

/// A bit pattern that no kernel produces: a quiet NaN with a payload of its own. Outputs are filled with it before a
/// verified launch, so an element that was never written is found even where a NaN is the right answer.
pub const POISON: u32 = 0x7FC5_EED5;

/// The elements of an operand, flat, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Floats.
    F32(Vec<f32>),
    /// Integers.
    I32(Vec<i32>),
    /// Half-precision floats.
    F16(Vec<f16>),
}

impl Data {
    /// An operand of `len` elements, each holding the bits of [`POISON`].
    pub fn poisoned(dtype: DType, len: usize) -> Self {
        match dtype {
            DType::F32 => Self::F32(vec![f32::from_bits(POISON); len]),
            DType::I32 => Self::I32(vec![POISON.cast_signed(); len]),
            DType::F16 => Self::F16(vec![f16::NAN; len]),
        }
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F16(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::I32(_) => DType::I32,
            Self::F16(_) => DType::F16,
        }
    }

    /// The floats.
    ///
    /// # Panics
    /// If these are integers: the op's operand table was not followed.
    pub fn f32(&self) -> &[f32] {
        let Self::F32(v) = self else { unreachable!("an operand of floats was expected") };
        v
    }

    /// The floats, to write.
    ///
    /// # Panics
    /// As [`Data::f32`].
    pub fn f32_mut(&mut self) -> &mut [f32] {
        let Self::F32(v) = self else { unreachable!("an operand of floats was expected") };
        v
    }

    /// The integers.
    ///
    /// # Panics
    /// If these are floats: the op's operand table was not followed.
    pub fn i32(&self) -> &[i32] {
        let Self::I32(v) = self else { unreachable!("an operand of integers was expected") };
        v
    }

    /// The integers, to write.
    ///
    /// # Panics
    /// If these are floats.
    pub fn i32_mut(&mut self) -> &mut [i32] {
        let Self::I32(v) = self else { unreachable!("an operand of integers was expected") };
        v
    }

    /// Element `i` as f64, exactly.
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Self::F32(v) => f64::from(v[i]),
            Self::I32(v) => f64::from(v[i]),
            Self::F16(v) => f64::from(v[i]),
        }
    }

    /// The bits of element `i`.
    pub fn bits(&self, i: usize) -> u32 {
        match self {
            Self::F32(v) => v[i].to_bits(),
            Self::I32(v) => v[i].cast_unsigned(),
            Self::F16(v) => v[i].to_bits().into(),
        }
    }

    /// The elements as bytes, in the machine's order.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::F32(v) => bytemuck::cast_slice(v),
            Self::I32(v) => bytemuck::cast_slice(v),
            Self::F16(v) => bytemuck::cast_slice(v),
        }
    }

    /// The elements as bytes, to write.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::F32(v) => bytemuck::cast_slice_mut(v),
            Self::I32(v) => bytemuck::cast_slice_mut(v),
            Self::F16(v) => bytemuck::cast_slice_mut(v),
        }
    }
}

/// Elements that a call reads, wherever they lie: a whole operand, or a part of a larger buffer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum View<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Integers.
    I32(&'a [i32]),
    /// Half-precision floats.
    F16(&'a [f16]),
}

/// Elements that a call writes.
#[derive(Debug, PartialEq)]
pub enum ViewMut<'a> {
    /// Floats.
    F32(&'a mut [f32]),
    /// Integers.
    I32(&'a mut [i32]),
    /// Half-precision floats.
    F16(&'a mut [f16]),
}

impl Data {
    /// All elements, to read.
    pub fn view(&self) -> View<'_> {
        match self {
            Self::F32(v) => View::F32(v),
            Self::I32(v) => View::I32(v),
            Self::F16(v) => View::F16(v),
        }
    }

    /// All elements, to write.
    pub fn view_mut(&mut self) -> ViewMut<'_> {
        match self {
            Self::F32(v) => ViewMut::F32(v),
            Self::I32(v) => ViewMut::I32(v),
            Self::F16(v) => ViewMut::F16(v),
        }
    }
}

impl<'a> View<'a> {
    /// The floats.
    ///
    /// # Panics
    /// As [`Data::f32`].
    pub fn f32(&self) -> &'a [f32] {
        let Self::F32(v) = self else { unreachable!("an operand of floats was expected") };
        v
    }

    /// The integers.
    ///
    /// # Panics
    /// If these are floats.
    pub fn i32(&self) -> &'a [i32] {
        let Self::I32(v) = self else { unreachable!("an operand of integers was expected") };
        v
    }

    /// The half-precision floats.
    ///
    /// # Panics
    /// If these are others.
    pub fn f16(&self) -> &'a [f16] {
        let Self::F16(v) = self else { unreachable!("an operand of half-precision floats was expected") };
        v
    }

    /// `len` elements from element `at` on.
    #[must_use]
    pub fn part(self, at: usize, len: usize) -> Self {
        match self {
            Self::F32(v) => Self::F32(&v[at..at + len]),
            Self::I32(v) => Self::I32(&v[at..at + len]),
            Self::F16(v) => Self::F16(&v[at..at + len]),
        }
    }

    /// The elements as bytes, in the machine's order.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::F32(v) => bytemuck::cast_slice(v),
            Self::I32(v) => bytemuck::cast_slice(v),
            Self::F16(v) => bytemuck::cast_slice(v),
        }
    }
}

impl<'a> ViewMut<'a> {
    /// The floats, to write.
    ///
    /// # Panics
    /// As [`Data::f32`].
    pub fn f32_mut(&mut self) -> &mut [f32] {
        let Self::F32(v) = self else { unreachable!("an operand of floats was expected") };
        v
    }

    /// The integers, to write.
    ///
    /// # Panics
    /// If these are floats.
    pub fn i32_mut(&mut self) -> &mut [i32] {
        let Self::I32(v) = self else { unreachable!("an operand of integers was expected") };
        v
    }

    /// The elements before `at`, and those from there on.
    pub fn split_at(self, at: usize) -> (Self, Self) {
        match self {
            Self::F32(v) => {
                let (head, tail) = v.split_at_mut(at);
                (Self::F32(head), Self::F32(tail))
            }
            Self::I32(v) => {
                let (head, tail) = v.split_at_mut(at);
                (Self::I32(head), Self::I32(tail))
            }
            Self::F16(v) => {
                let (head, tail) = v.split_at_mut(at);
                (Self::F16(head), Self::F16(tail))
            }
        }
    }

    /// The same elements, to read only.
    pub fn freeze(self) -> View<'a> {
        match self {
            Self::F32(v) => View::F32(v),
            Self::I32(v) => View::I32(v),
            Self::F16(v) => View::F16(v),
        }
    }
}
