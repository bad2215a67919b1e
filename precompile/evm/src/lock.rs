//! A lock around a cache.

use std::sync::{Mutex, MutexGuard};

/// A lock whose content is dropped after a panic while it was held: it is only a cache.
#[derive(Debug)]
pub(crate) struct CacheLock<T>(Mutex<T>);

impl<T: Default> CacheLock<T> {
    pub(crate) const fn new(content: T) -> Self {
        Self(Mutex::new(content))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(|poisoned| {
            self.0.clear_poison();
            let mut content = poisoned.into_inner();
            *content = T::default();
            content
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "WASI has no threads")]
    fn a_panic_under_the_lock_empties_it_and_no_more() {
        let lock = CacheLock::new(vec![1]);
        let panicked = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _content = lock.lock();
                    panic!("under the lock");
                })
                .join()
        });
        assert!(panicked.is_err());
        assert!(lock.lock().is_empty());
        lock.lock().push(2);
        assert_eq!(*lock.lock(), [2]);
    }
}
