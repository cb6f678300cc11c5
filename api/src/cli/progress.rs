use indicatif::ProgressBar;

/// A bar on standard error, when that is a terminal; it goes once all is done.
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
