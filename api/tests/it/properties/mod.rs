//! Properties that hold for every input, tried on generated ones: a few by default, or `PROPTEST_CASES`
//! of them.

mod api_tokens;
mod cursors;
mod entity_tags;
mod note_counts;
mod queries;
mod search;
mod tokens;

use std::env;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::{Builder, Runtime};

use crate::world::World;

/// One world for all inputs of a property, and its runtime.
struct Lab {
    world: World,
    runtime: Runtime,
}

impl Lab {
    fn start() -> Self {
        Self::of(World::start())
    }

    fn of(world: impl Future<Output = World>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let world = runtime.block_on(world);
        Self { world, runtime }
    }

    /// Tries the property on this many inputs, unless `PROPTEST_CASES` is set, and shrinks a failing
    /// one.
    fn try_on<S: Strategy>(&self, cases: u32, inputs: S, property: impl AsyncFn(&World, S::Value)) {
        let mut config = Config { failure_persistence: None, ..Config::default() };
        if env::var_os("PROPTEST_CASES").is_none() {
            config.cases = cases;
        }
        let tried = TestRunner::new(config).run(&inputs, |input| {
            self.runtime.block_on(property(&self.world, input));
            Ok(())
        });
        if let Err(error) = tried {
            panic!("{error}");
        }
    }
}

/// The text, encoded for a query.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
