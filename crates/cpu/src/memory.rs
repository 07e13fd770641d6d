//! Memory: blocks aligned to a cache line, variables, and the bytes behind tensors.
use ferras_graph::{DeviceMemory, Elements, Error, Result, Tensor, TensorType};
use half::{bf16, f16};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

/// Alignment of every block and of every value within one: a cache line.
pub(crate) const ALIGN: usize = 64;

/// `bytes` rounded up to a multiple of [`ALIGN`].
pub(crate) fn aligned(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGN)
}

/// Zeroed memory that starts at a cache line.
#[derive(Debug)]
pub(crate) struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a block owns plain bytes; who reads and writes them when is decided by its users.
unsafe impl Send for Block {}
// SAFETY: as above; `&Block` gives only a pointer.
unsafe impl Sync for Block {}

impl Block {
    /// At least `bytes` zeroed bytes.
    pub(crate) fn new(bytes: usize) -> Result<Block> {
        let refused = || Error::Run(format!("no memory for {bytes} bytes; use smaller batches"));
        let layout = Layout::from_size_align(bytes.max(1), ALIGN).map_err(|_| refused())?;
        // SAFETY: the layout's size is at least 1.
        let start = unsafe { alloc_zeroed(layout) };
        NonNull::new(start).map(|start| Block { start, layout }).ok_or_else(refused)
    }

    /// The first byte.
    pub(crate) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, freed once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// A variable of this back end.
#[derive(Debug)]
pub(crate) struct Variable {
    ty: TensorType,
    block: Block,
}

impl Variable {
    /// A copy of a tensor.
    pub(crate) fn new(value: &Tensor) -> Result<Variable> {
        let ty = value.ty();
        let block = Block::new(ty.bytes())?;
        // SAFETY: the block is new and holds `ty.bytes()`, as many as the tensor has.
        unsafe { bytes_of(value.elements()).copy_to_nonoverlapping(block.start(), ty.bytes()) };
        Ok(Variable { ty, block })
    }

    /// Where the elements are.
    pub(crate) fn start(&self) -> *mut u8 {
        self.block.start()
    }
}

impl DeviceMemory for Variable {
    fn download(&self) -> Result<Tensor> {
        let mut tensor = Tensor::zeros(&self.ty);
        // SAFETY: the block holds elements of this type, as many as the shape has places.
        unsafe { read_into(&mut tensor, self.block.start()) };
        Ok(tensor)
    }
}

/// Runs code for the Rust type of an element type.
macro_rules! with_type {
    ($dtype:expr, $t:ident => $code:expr) => {
        match $dtype {
            ferras_graph::DType::Bool => {
                type $t = bool;
                $code
            }
            ferras_graph::DType::U8 => {
                type $t = u8;
                $code
            }
            ferras_graph::DType::I32 => {
                type $t = i32;
                $code
            }
            ferras_graph::DType::I64 => {
                type $t = i64;
                $code
            }
            ferras_graph::DType::F16 => {
                type $t = half::f16;
                $code
            }
            ferras_graph::DType::BF16 => {
                type $t = half::bf16;
                $code
            }
            ferras_graph::DType::F32 => {
                type $t = f32;
                $code
            }
            ferras_graph::DType::F64 => {
                type $t = f64;
                $code
            }
        }
    };
}
pub(crate) use with_type;

/// The first byte of borrowed elements.
pub(crate) fn bytes_of(elements: Elements<'_>) -> *const u8 {
    match elements {
        Elements::Bool(v) => v.as_ptr().cast(),
        Elements::U8(v) => v.as_ptr(),
        Elements::I32(v) => v.as_ptr().cast(),
        Elements::I64(v) => v.as_ptr().cast(),
        Elements::F16(v) => v.as_ptr().cast::<f16>().cast(),
        Elements::BF16(v) => v.as_ptr().cast::<bf16>().cast(),
        Elements::F32(v) => v.as_ptr().cast(),
        Elements::F64(v) => v.as_ptr().cast(),
    }
}

/// Overwrites a tensor's elements with those at `from`.
///
/// # Safety
/// `from` holds as many valid elements of the tensor's type as it has places.
pub(crate) unsafe fn read_into(tensor: &mut Tensor, from: *const u8) {
    let dtype = tensor.dtype();
    with_type!(dtype, T => {
        if let Some(slice) = tensor.as_mut_slice::<T>() {
            // SAFETY: the caller promised the elements; the slice is ours alone.
            unsafe { from.copy_to_nonoverlapping(slice.as_mut_ptr().cast(), size_of_val(slice)) };
        }
    });
}

/// The tensor of this type whose elements are at `from`.
///
/// # Safety
/// `from` holds as many valid elements of this type as the shape has places.
pub(crate) unsafe fn tensor_at(ty: &TensorType, from: *const u8) -> Tensor {
    let mut tensor = Tensor::zeros(ty);
    // SAFETY: the caller's promise.
    unsafe { read_into(&mut tensor, from) };
    tensor
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferras_graph::DType;

    #[test]
    fn variables_hold_every_type() {
        for dtype in DType::ALL {
            let ones = Tensor::full(&TensorType::new(dtype, [3]), 1.0);
            let variable = Variable::new(&ones).unwrap();
            assert_eq!(variable.start() as usize % ALIGN, 0);
            assert_eq!(variable.download().unwrap(), ones);
        }
        assert!(Block::new(usize::MAX).is_err());
    }
}
