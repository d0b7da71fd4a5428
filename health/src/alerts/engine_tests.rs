//! An alert's life as a table.
