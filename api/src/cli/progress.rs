use indicatif::ProgressBar;

/// A progress bar on standard error if that is a terminal; it disappears when everything is done.
pub(super) fn bar() -> impl Fn(u64, u64) + Send + Sync {
    let bar = ProgressBar::no_length();
    move |done, total| {
        bar.set_length(total);
        bar.set_position(done);
        if done == total {
            bar.finish_and_clear();
        }
    }
}
