//! `pointsman import`: the files of other tools become a workspace that works.

mod dotprompt;
mod humanloop;
mod promptfoo;
mod prompty;
