//! Arena by liveness, packed weights, steps in order.
