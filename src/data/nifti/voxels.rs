//! Voxels as NIfTI-1 stores them.

/// The voxel types that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Datatype {
    U8,
    I8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Datatype {
    /// The type with this code in the header.
    ///
    /// # Errors
    /// Why it is not read.
    pub(super) fn from_code(code: i16) -> Result<Self, String> {
        Ok(match code {
            2 => Self::U8,
            4 => Self::I16,
            8 => Self::I32,
            16 => Self::F32,
            64 => Self::F64,
            256 => Self::I8,
            512 => Self::U16,
            768 => Self::U32,
            32 | 1792 | 2048 => return Err("its voxels are complex numbers".into()),
            128 | 2304 => return Err("its voxels are colours".into()),
            1024 | 1280 | 1536 => return Err("its voxels are wider than f64 can hold exactly".into()),
            _ => return Err(format!("its data type {code} is not one of the format's")),
        })
    }

    /// Bytes a voxel.
    pub(super) fn bytes(self) -> u8 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// One voxel, exactly, from its bytes in little-endian order padded with zeros to eight.
    pub(super) fn value(self, [a, b, c, d, e, f, g, h]: [u8; 8]) -> f64 {
        match self {
            Self::U8 => f64::from(a),
            Self::I8 => f64::from(i8::from_le_bytes([a])),
            Self::I16 => f64::from(i16::from_le_bytes([a, b])),
            Self::U16 => f64::from(u16::from_le_bytes([a, b])),
            Self::I32 => f64::from(i32::from_le_bytes([a, b, c, d])),
            Self::U32 => f64::from(u32::from_le_bytes([a, b, c, d])),
            Self::F32 => f64::from(f32::from_le_bytes([a, b, c, d])),
            Self::F64 => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        }
    }
}
