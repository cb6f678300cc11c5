//! What holds for every input, tried on made-up ones: some by default, or as many as `PROPTEST_CASES`
//! says.

mod cursors;
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

/// One world for all inputs of a property, and what it runs on meanwhile.
struct Lab {
    world: World,
    runtime: Runtime,
}

impl Lab {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let world = runtime.block_on(World::start());
        Self { world, runtime }
    }

    /// Tries the property on so many inputs, unless `PROPTEST_CASES` is set; makes an input small for
    /// which it does not hold.
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

/// What stands for this text in a query.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
