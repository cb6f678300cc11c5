use std::{cell::Cell, rc::Rc, sync::Arc};

use service::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A request's permit to be in progress. It is given up while the request waits for its client, so that
/// slow clients do not keep others out.
#[derive(Clone)]
pub(crate) struct Permit {
    all: Arc<Semaphore>,
    held: Rc<Cell<Option<OwnedSemaphorePermit>>>,
}

impl Permit {
    /// One of all permits.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there are none left.
    pub(crate) fn acquire(all: &Arc<Semaphore>) -> Result<Self, Error> {
        let permit = Self { all: all.clone(), held: Rc::default() };
        permit.reacquire().map(|()| permit)
    }

    /// Gives it up for now.
    pub(crate) fn release(&self) {
        self.held.take();
    }

    /// Takes it again, or another.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there are none left.
    pub(crate) fn reacquire(&self) -> Result<(), Error> {
        let permit = self.all.clone().try_acquire_owned();
        self.held.set(Some(permit.map_err(|_none| Error::unavailable("too many requests"))?));
        Ok(())
    }
}
