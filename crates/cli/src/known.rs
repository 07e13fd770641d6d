//! The names that options take, for help texts.
use ferras::config::{Family, Identifier};
use ferras::losses::LossFn;
use ferras::metrics::MetricFn;
use ferras::optimizers::OptimizerFn;

/// Characters of a line of a help text.
const WIDTH: usize = 100;

/// Examples of a command that compiles a model, and the names that it takes.
pub(crate) fn judging(examples: &str) -> String {
    let (losses, metrics) = (names::<dyn LossFn>(), names::<dyn MetricFn>());
    let metrics = ["crossentropy"].into_iter().chain(metrics);
    format!(
        "{examples}\n\n{}\n\n{}\n\nmse, mae, mape, msle, bce, kld and acc are short names.",
        listed("Losses:", losses),
        listed("Metrics:", metrics)
    )
}

/// The same for a command that trains.
pub(crate) fn training(examples: &str) -> String {
    let optimizers = listed("Optimizers:", names::<dyn OptimizerFn>());
    format!("{}\n\n{optimizers}", judging(examples))
}

/// The names that say all that is needed: some classes have arguments that must be given.
fn names<T: Family + ?Sized>() -> impl Iterator<Item = &'static str> {
    Identifier::<T>::names().filter(|name| Identifier::<T>::from(*name).get().is_ok())
}

/// The words in lines, with commas between them.
fn listed<'a>(title: &str, words: impl Iterator<Item = &'a str>) -> String {
    let (mut text, mut at) = (title.to_string(), title.len());
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let comma = if words.peek().is_some() { "," } else { "" };
        let length = 1 + word.len() + comma.len();
        let (space, before) = if at + length > WIDTH { ("\n  ", 1) } else { (" ", at) };
        at = before + length;
        text.extend([space, word, comma]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_enough_in_lines() {
        let text = training("Example");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.contains("Optimizers: sgd, rmsprop, adam,") && text.contains(" huber,"));
        assert!(text.contains("sparse_categorical_accuracy,") && !text.contains("at_recall"));
        assert!(!text.contains("multioptimizer"), "{text}");
    }
}
