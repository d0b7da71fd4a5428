//! step 1
