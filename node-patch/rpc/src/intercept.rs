//! HTTP requests that are answered before they reach the methods.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use jsonrpsee::{
    core::BoxError,
    server::{HttpRequest, HttpResponse},
};
use tower::{Layer, Service};

/// Answers some requests itself.
pub(crate) trait Intercept {
    /// The answer; `None` lets the request go on.
    fn intercept(&self, request: &mut HttpRequest) -> Option<HttpResponse>;
}

/// Puts an [`Intercept`] before a service.
#[derive(Clone, Debug)]
pub(crate) struct InterceptLayer<I>(pub(crate) I);

impl<S, I: Clone> Layer<S> for InterceptLayer<I> {
    type Service = Intercepted<S, I>;

    fn layer(&self, inner: S) -> Self::Service {
        Intercepted {
            inner,
            interceptor: self.0.clone(),
        }
    }
}

/// A service with an [`Intercept`] before it.
#[derive(Clone, Debug)]
pub(crate) struct Intercepted<S, I> {
    inner: S,
    interceptor: I,
}

impl<S, I> Service<HttpRequest> for Intercepted<S, I>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
    S::Future: Send + 'static,
    I: Intercept,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: HttpRequest) -> Self::Future {
        match self.interceptor.intercept(&mut request) {
            Some(response) => Box::pin(async move { Ok(response) }),
            None => Box::pin(self.inner.call(request)),
        }
    }
}
