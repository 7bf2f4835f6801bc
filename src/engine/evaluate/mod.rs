//! Evaluating: plan what is tested, ask for answers, grade them, sum up, decide.

pub mod grade;
