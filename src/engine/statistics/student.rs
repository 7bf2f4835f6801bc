//! Student's t distribution and the normal one, as far as the gate needs them.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// From here on the t quantile is computed from the normal one: the error of the expansion is
/// below 1e-12 there, and the iteration for the exact value may not end.
const MANY_DEGREES: f64 = 1_000.0;

/// The value that a t variable with this many degrees of freedom stays below with this probability.
pub(super) fn t_quantile(probability: f64, degrees_of_freedom: f64) -> f64 {
    let probability = probability.clamp(0.0, 1.0);
    if degrees_of_freedom >= MANY_DEGREES {
        return expansion(normal_quantile(probability), degrees_of_freedom);
    }
    student(degrees_of_freedom).inverse_cdf(probability)
}

/// Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), 26.7.5.
fn expansion(z: f64, df: f64) -> f64 {
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / df + second / df.powi(2) + third / df.powi(3)
}

/// The probability that a t variable with this many degrees of freedom is at most `value`.
pub(super) fn t_cdf(value: f64, degrees_of_freedom: f64) -> f64 {
    student(degrees_of_freedom).cdf(value)
}

/// The probability that a standard normal variable is at most `value`.
pub(super) fn normal_cdf(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

/// The value that a standard normal variable stays below with this probability.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability.clamp(0.0, 1.0))
}

fn student(degrees_of_freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, degrees_of_freedom.max(1.0))
        .expect("the scale is 1 and the degrees of freedom are at least 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(value: f64, reference: f64) {
        let error = (value - reference).abs() / reference.abs().max(1e-300);
        assert!(error < 1e-9, "{value} is not {reference}");
    }

    #[test]
    fn quantiles_agree_with_scipy() {
        // scipy 1.17.1: scipy.stats.t.ppf(probability, df)
        near(t_quantile(0.95, 1.0), 6.313_751_514_675_037);
        near(t_quantile(0.95, 11.0), 1.795_884_818_704_043_3);
        near(t_quantile(0.95, 51.0), 1.675_284_950_424_91);
        near(t_quantile(0.99, 9.0), 2.821_437_925_025_809);
        near(t_quantile(0.8, 101.0), 0.845_194_544_862_670_2);
        near(t_quantile(0.975, 3.0), 3.182_446_305_283_707_8);
        near(
            t_quantile(0.998_333_333_333_333_3, 100.0),
            3.007_349_361_888_903,
        );
        near(t_quantile(0.95, 10_001.0), 1.645_006_002_830_234_7);
        // scipy 1.17.1: scipy.stats.norm.ppf(0.8)
        near(normal_quantile(0.8), 0.841_621_233_572_914_3);
    }

    #[test]
    fn probabilities_agree_with_scipy() {
        // scipy 1.17.1: scipy.stats.t.cdf(value, df)
        near(t_cdf(-2.0, 5.0), 0.050_969_739_414_929_174);
        near(t_cdf(1.3, 51.0), 0.900_277_070_427_016_1);
        near(t_cdf(0.0, 7.0), 0.5);
        near(t_cdf(-12.5, 30.0), 9.992_481_746_983_2e-14);
    }
}
