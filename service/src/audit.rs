//! Who came in, and who changed what of whom: lines of the log, for those who look into an incident.
//! Nothing that was typed is in them.

use std::net::IpAddr;

use crate::Viewer;

/// A login, or a refused one. `user` is 0 when there is no such user.
pub(crate) fn login(outcome: &str, user: i64, address: Option<IpAddr>) {
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    log::info!(outcome, user, address:%; "login");
}

/// What somebody did to a user. `by` is 0 when it is an operator at the command line.
pub(crate) fn change(what: &str, viewer: &Viewer, user: i64) {
    let by = viewer.user_id().unwrap_or_default();
    log::info!(what, user, by; "changed");
}
