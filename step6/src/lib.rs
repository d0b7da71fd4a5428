//! step 6
