//! Numbers too small for a normal float, which are zero while a graph runs.
//!
//! The processor takes some hundred cycles for each denormal number, and training makes them without end:
//! where a relu is dead, Adam's means shrink step by step to the smallest of them and stay there. So these
//! are read and written as zero, as in TensorFlow and JAX.

/// Denormal numbers are zero on this thread while this lives.
#[derive(Debug)]
pub(crate) struct TinyAsZero {
    before: Option<control::Word>,
}

impl TinyAsZero {
    pub(crate) fn new() -> TinyAsZero {
        let now = control::read();
        let wanted = now | control::TINY_AS_ZERO;
        let before = (wanted != now).then_some(now);
        if before.is_some() {
            control::write(wanted);
        }
        TinyAsZero { before }
    }
}

impl Drop for TinyAsZero {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            control::write(before);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    use std::arch::asm;

    pub(super) type Word = u32;
    /// Results flushed to zero, and operands read as zero.
    pub(super) const TINY_AS_ZERO: Word = 1 << 15 | 1 << 6;

    pub(super) fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores the control word of this thread to a place of its size.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    pub(super) fn write(word: Word) {
        // SAFETY: the word came from `read`, with at most these two bits added. They change nothing but
        // what becomes of denormal numbers; what the compiler folds beforehand keeps such a number,
        // which no result depends on more than the 1e-38 that it is.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    pub(super) type Word = u64;
    /// Operands and results flushed to zero.
    pub(super) const TINY_AS_ZERO: Word = 1 << 24;

    pub(super) fn read() -> Word {
        let word: Word;
        // SAFETY: reads the control word of this thread.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nomem, nostack, preserves_flags)) };
        word
    }

    pub(super) fn write(word: Word) {
        // SAFETY: as for the other processors: a word of this thread with at most this bit added.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod control {
    pub(super) type Word = u32;
    pub(super) const TINY_AS_ZERO: Word = 0;

    pub(super) fn read() -> Word {
        0
    }

    pub(super) fn write(_: Word) {}
}

#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn denormal_numbers_are_zero_only_meanwhile() {
        let half = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        assert!(half() > 0.0);
        {
            let outer = TinyAsZero::new();
            drop(TinyAsZero::new());
            assert_eq!(half(), 0.0, "the inner one leaves it as it was");
            drop(outer);
        }
        assert!(half() > 0.0);
    }
}
