//! stub
mod kmeans;
