use crate::{Error, Result};

/// Which versions of a resource a change is meant for, so that nobody overwrites what they have not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any version; the caller did not say.
    Unstated,
    /// None, since the caller did not say but had to.
    Missing,
    /// Any version; the caller asks that the resource exists.
    Any,
    /// One of these.
    OneOf(Vec<i64>),
}

impl Expected {
    /// Requires that this version of a locked row is expected.
    ///
    /// # Errors
    /// [`Error::Outdated`] if it is another one; [`Error::VersionMissing`].
    pub(crate) fn require(&self, current: i64) -> Result<()> {
        match self {
            Self::Unstated | Self::Any => Ok(()),
            Self::OneOf(versions) if versions.contains(&current) => Ok(()),
            Self::OneOf(_) => Err(Error::Outdated),
            Self::Missing => Err(Error::VersionMissing),
        }
    }
}
