//! How a method is registered: every one runs on a blocking thread and none can take the node down.
//!
//! Only registration lives here; what the methods do is in the file of their family.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use jsonrpsee::{
    RpcModule,
    core::RegisterMethodError,
    types::{ErrorObjectOwned, Params, params::ParamsSequence},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{context::Context, error::RpcError};

/// The methods of one family, on their way into the server.
pub(crate) type Module = RpcModule<Context>;

/// What methods work with, and what hears of each call.
pub(crate) trait Watch {
    /// A call of `method` has ended.
    fn called(&self, method: &'static str, took: Duration, succeeded: bool);
}

impl Watch for Context {
    fn called(&self, method: &'static str, took: Duration, succeeded: bool) {
        self.metrics.called(method, took, succeeded);
    }
}

/// Positional parameters, read one after another.
pub(crate) struct Arguments<'a>(ParamsSequence<'a>);

impl Arguments<'_> {
    /// The next parameter, which must be there and not be `null`.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, RpcError> {
        self.0.next().map_err(|error| invalid(name, &error))
    }

    /// The next parameter; absent and `null` mean `None`.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, RpcError> {
        self.0
            .optional_next()
            .map_err(|error| invalid(name, &error))
    }
}

fn invalid(name: &str, error: &ErrorObjectOwned) -> RpcError {
    let detail = error.data().map_or(error.message(), |data| data.get());
    RpcError::InvalidParams(format!("{name}: {detail}"))
}

/// Registers `name`. EVMs are `!Send`, so `method` runs whole on one blocking thread; a panic in it
/// is logged and answered as an internal error, and whatever EVM it held is dropped with it.
pub(crate) fn register<C, R, F>(
    module: &mut RpcModule<C>,
    name: &'static str,
    method: F,
) -> Result<(), RegisterMethodError>
where
    C: Watch + Send + Sync + 'static,
    R: Serialize + Clone + 'static,
    F: Fn(&C, &mut Arguments<'_>) -> Result<R, RpcError> + Clone + Send + Sync + 'static,
{
    module.register_blocking_method(name, move |params: Params<'_>, context: Arc<C>, _| {
        let begun = Instant::now();
        let call = AssertUnwindSafe(|| method(&context, &mut Arguments(params.sequence())));
        let answer = catch_unwind(call)
            .unwrap_or_else(|_| Err(RpcError::Internal(format!("{name} panicked"))))
            .map_err(ErrorObjectOwned::from);
        context.called(name, begun.elapsed(), answer.is_ok());
        answer
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Watch for u64 {
        fn called(&self, _: &'static str, _: Duration, _: bool) {}
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_of_that_call_alone() {
        let mut module = RpcModule::new(7_u64);
        register(&mut module, "test_panic", |_, _| -> Result<u64, RpcError> {
            panic!("on purpose")
        })
        .unwrap();
        register(&mut module, "test_add", |context, arguments| {
            Ok(*context + arguments.required::<u64>("number")?)
        })
        .unwrap();
        let ask = async |method: &str| {
            let request =
                format!(r#"{{"jsonrpc":"2.0","id":42,"method":"{method}","params":[1]}}"#);
            module
                .raw_json_request(&request, 1)
                .await
                .unwrap()
                .0
                .get()
                .to_owned()
        };
        let answer = ask("test_panic").await;
        assert!(
            answer.contains("-32603") && answer.contains("\"id\":42"),
            "{answer}"
        );
        let answer = ask("test_add").await;
        assert!(answer.contains("\"result\":8"), "{answer}");
    }
}
