//! Who wants to hear of something, without knowing how they wait for it (thread, channel, runtime).

use parking_lot::Mutex;

type Listener<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

/// Callbacks that are called in the order of events until they answer `false`.
pub(crate) struct Listeners<T> {
    listeners: Mutex<Vec<Listener<T>>>,
}

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self {
            listeners: Mutex::new(Vec::new()),
        }
    }
}

impl<T> Listeners<T> {
    pub(crate) fn add(&self, listener: impl Fn(&T) -> bool + Send + Sync + 'static) {
        self.listeners.lock().push(Box::new(listener));
    }

    pub(crate) fn notify(&self, event: &T) {
        self.listeners.lock().retain(|listener| listener(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    #[test]
    fn a_listener_hears_until_it_says_no() {
        let listeners = Listeners::default();
        let sum = Arc::new(AtomicU32::new(0));
        let heard = sum.clone();
        listeners.add(move |event: &u32| {
            heard.fetch_add(*event, Ordering::Relaxed);
            *event < 2
        });
        for event in [1, 2, 4] {
            listeners.notify(&event);
        }
        assert_eq!(sum.load(Ordering::Relaxed), 3);
    }
}
