use std::{cell::Cell, net::IpAddr, rc::Rc, sync::Arc};

use service::Error;

use super::shares::{Share, Shares};

/// A request's permit to be in progress. It is given up while the request waits for its client, so that
/// slow clients do not keep others out.
#[derive(Clone)]
pub(crate) struct Permit {
    all: Arc<Shares>,
    client: Option<IpAddr>,
    held: Rc<Cell<Option<Share>>>,
}

impl Permit {
    /// One of all permits, for this client.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there are none left, or none for the client's network.
    pub(crate) fn acquire(all: &Arc<Shares>, client: Option<IpAddr>) -> Result<Self, Error> {
        let permit = Self { all: all.clone(), client, held: Rc::default() };
        permit.reacquire().map(|()| permit)
    }

    /// Gives it up for now.
    pub(crate) fn release(&self) {
        self.held.take();
    }

    /// Takes it again, or another.
    ///
    /// # Errors
    /// As [`Permit::acquire`].
    pub(crate) fn reacquire(&self) -> Result<(), Error> {
        let permit = self.all.try_take(self.client, 1);
        self.held.set(Some(permit.ok_or_else(|| Error::unavailable("too many requests"))?));
        Ok(())
    }
}
