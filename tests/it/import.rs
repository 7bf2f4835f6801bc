//! `pointsman import`: the files of other tools become a workspace that works.

mod promptfoo;
