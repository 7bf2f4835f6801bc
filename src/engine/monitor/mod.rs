//! Monitor: did anything move? Numbers of what happened in production, by window, lane and release.
