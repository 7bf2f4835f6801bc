//! What data says to the questions of a review: each method looks at one thing and says it in Markdown.

use jiff::{SignedDuration, Timestamp};

use crate::adapters::git::GitImprovements;
use crate::adapters::store::FileRunStore;
use crate::adapters::webhooks::AnnouncedLanes;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::selection::{where_option, window_options};
use crate::cli::shell::quoted;
use crate::domain::behavior::BehaviorState;
use crate::domain::id::{LaneName, ViewId};
use crate::domain::improve::Attempt;
use crate::domain::metric::Metric;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::domain::trace::selection::Selection;
use crate::engine::diff::{changed_paths, prompt_changes};
use crate::engine::incidents::representatives::representatives;
use crate::engine::monitor::compare::CompareRequest;
use crate::engine::monitor::markers::of_lane;
use crate::engine::monitor::overview::numbers_of;
use crate::engine::monitor::releases::{Around, live_release};
use crate::engine::ports::traces::TraceStore;
use crate::engine::ports::{FileTree, LaneRecord, LaneStore as _};
use crate::engine::reviews::normal::{most_frequent, normal_traces};
use crate::engine::reviews::releases::{days_before, releases_seen};
use crate::engine::reviews::rows::rows_seen;
use crate::engine::reviews::runs::{RunsError, suites_run};
use crate::engine::reviews::unused::{unused, views_seen};
use crate::engine::traces::versions::versions;
use crate::engine::workspace::Workspace;
use crate::report::monitor::markdown::scores_markdown;
use crate::report::review::blocks;

/// The fewest traces on each side that say anything.
const FEWEST: u64 = 30;

/// How many sorts of something are counted.
const MOST: usize = 10;

/// How long after a release the version before it may still answer.
const GRACE: SignedDuration = SignedDuration::from_mins(1);

/// What a review is about, and where its data comes from.
pub(super) struct Scene<'c> {
    context: &'c Context,
    store: Box<dyn TraceStore>,
    lanes: AnnouncedLanes<'c>,
    tree: Box<dyn FileTree>,
    now: Timestamp,
    /// The release; absent: all of production in a week.
    release: Option<LaneRecord>,
    /// The time that is looked at.
    window: TimeRange,
    /// The equal windows whose numbers are compared.
    compared: [TimeRange; 2],
}

impl<'c> Scene<'c> {
    /// A release, with the equal windows around it and the time since it.
    pub(super) fn of_release(
        context: &'c Context,
        around: Around,
        window: TimeRange,
    ) -> Result<Self, CommandError> {
        let compared = [around.before, around.after];
        Self::new(context, Some(around.record), window, compared)
    }

    /// A week, with the week before it.
    pub(super) fn of_week(context: &'c Context, window: TimeRange) -> Result<Self, CommandError> {
        let compared = [days_before(window.from, 7), window];
        Self::new(context, None, window, compared)
    }

    fn new(
        context: &'c Context,
        release: Option<LaneRecord>,
        window: TimeRange,
        compared: [TimeRange; 2],
    ) -> Result<Self, CommandError> {
        Ok(Self {
            context,
            store: context.trace_store()?,
            lanes: context.lanes()?,
            tree: context.tree(None)?,
            now: context.clock().now(),
            release,
            window,
            compared,
        })
    }

    fn workspace(&self) -> Workspace<'_> {
        Workspace::new(self.tree.as_ref())
    }

    fn lane(&self) -> Option<&LaneName> {
        self.release.as_ref().map(|record| &record.deployment.lane)
    }

    /// Which spans are meant: those of the release's lane, or all.
    fn filter(&self) -> Filter {
        match self.lane() {
            Some(lane) => of_lane(Filter::Everything, lane),
            None => Filter::Everything,
        }
    }

    fn selection(&self) -> Selection {
        Selection {
            range: self.window,
            filter: self.filter(),
        }
    }

    /// The options that say which spans are meant.
    fn options(&self) -> String {
        window_options(self.window, &self.filter())
    }

    pub(super) fn numbers(&self) -> Result<String, CommandError> {
        let [before, after] = self.compared;
        let request = CompareRequest {
            level: Level::Trace,
            filter: self.filter(),
            before,
            after,
            fewest: FEWEST,
            numbers: Vec::new(),
            explain: None,
        };
        let compared = request.ask(self.store.as_ref())?;
        let range = |TimeRange { from, until }: TimeRange| format!("{from}..{until}");
        let commands = [
            format!("pointsman monitor {}", self.options()),
            format!(
                "pointsman monitor compare --before {} --after {}{}",
                range(before),
                range(after),
                where_option(&self.filter())
            ),
        ];
        let text = blocks::numbers(&request, &compared);
        Ok(blocks::with_commands(&text, &commands))
    }

    pub(super) fn normal(&self) -> Result<String, CommandError> {
        let found = normal_traces(self.store.as_ref(), &self.selection())?;
        let commands = found.iter().map(|it| {
            let trace = quoted(&it.trace);
            format!("pointsman traces show {trace}")
        });
        let commands: Vec<String> = commands.collect();
        Ok(blocks::with_commands(&blocks::normal(&found), &commands))
    }

    pub(super) fn webhooks(&self) -> Result<String, CommandError> {
        let mut found = self.context.outbox()?.deliveries()?;
        let release = self.release.as_ref().map(|record| &record.deployment);
        found.retain(|delivery| {
            release.is_some_and(|it| {
                delivery.lane == it.lane && delivery.sequence == Some(it.sequence)
            })
        });
        let commands = ["pointsman webhook deliveries".to_owned()];
        Ok(blocks::with_commands(
            &blocks::deliveries(&found),
            &commands,
        ))
    }

    pub(super) fn runtime(&self) -> Result<String, CommandError> {
        let Some(lane) = self.lane() else {
            return Ok(String::new());
        };
        let store = self.store.as_ref();
        let found = versions(store, &self.lanes, lane, &self.selection(), GRACE)?;
        let TimeRange { from, until } = self.window;
        let command = format!("pointsman doctor runtime {lane} --window {from}..{until}");
        let text = blocks::runtime(lane.as_str(), &found);
        Ok(blocks::with_commands(&text, &[command]))
    }

    pub(super) fn way_back(&self) -> Result<String, CommandError> {
        let Some(record) = &self.release else {
            return Ok(String::new());
        };
        let lane = &record.deployment.lane;
        let live = live_release(&self.lanes, lane)?;
        let is_live = live.is_some_and(|live| live.id == record.id);
        let commands = [
            format!("pointsman lanes show {lane}"),
            format!("pointsman rollback {lane} --reason '…' --dry-run"),
        ];
        let text = blocks::way_back(record, is_live);
        Ok(blocks::with_commands(&text, &commands))
    }

    pub(super) fn failures(&self) -> Result<String, CommandError> {
        let found = representatives(self.store.as_ref(), &self.selection())?;
        let options = format!("--window {}..{}", self.window.from, self.window.until);
        let of_release = self.lane().map(|lane| format!("lane = {lane} and "));
        let of_release = of_release.unwrap_or_default();
        let commands = [
            format!("pointsman traces list {options} --where '{of_release}status = error'"),
            format!(
                "pointsman traces list {options}{} --sort score",
                where_option(&self.filter())
            ),
        ];
        Ok(blocks::with_commands(&blocks::failures(&found), &commands))
    }

    pub(super) fn themes(&self) -> Result<String, CommandError> {
        let store = self.store.as_ref();
        let sorts = most_frequent(store, &self.selection(), Column::ErrorType, MOST)?;
        let views = self.workspace().view_ids()?.into_iter();
        let views = views.map(|view| format!("pointsman traces list --view {view}"));
        let mut commands = vec![format!(
            "pointsman traces search '<words>' {}",
            self.options()
        )];
        commands.extend(views);
        let text = blocks::counted("sort of error", &sorts);
        Ok(blocks::with_commands(&text, &commands))
    }

    pub(super) fn volume(&self) -> Result<String, CommandError> {
        let store = self.store.as_ref();
        let mut text = String::new();
        for (what, column) in [
            ("sort of error", Column::ErrorType),
            ("route", Column::Route),
            ("tool", Column::Tool),
            ("reason to stop", Column::FinishReason),
        ] {
            let found = most_frequent(store, &self.selection(), column, MOST)?;
            text.push_str(&blocks::counted(what, &found));
            text.push('\n');
        }
        let options = self.options();
        let commands = ["route", "tool", "finish_reason"]
            .map(|column| format!("pointsman monitor --by {column} {options}"));
        Ok(blocks::with_commands(&text, &commands))
    }

    pub(super) fn rows(&self) -> Result<String, CommandError> {
        let seen = rows_seen(&self.workspace(), &self.window)?;
        let mut commands = vec![format!(
            "pointsman dataset add-span {} --to <dataset>",
            self.options()
        )];
        let waiting = seen.iter().filter(|(_, seen)| seen.pending > 0);
        commands.extend(waiting.map(|(id, _)| format!("pointsman dataset review {id}")));
        Ok(blocks::with_commands(&blocks::rows(&seen), &commands))
    }

    pub(super) fn scores(&self) -> Result<String, CommandError> {
        let store = self.store.as_ref();
        let names = store.contents()?.scored;
        let metrics: Vec<Metric> = names
            .into_iter()
            .map(|name| Metric::Score(Some(name)))
            .collect();
        let of = |range: TimeRange| -> Result<_, CommandError> {
            let filter = self.filter();
            Ok(numbers_of(
                store,
                Level::Trace,
                &Selection { range, filter },
                &metrics,
            )?)
        };
        let [before, after] = self.compared;
        let text = scores_markdown(&metrics, &of(before)?, &of(after)?);
        let commands = [
            format!("pointsman traces list {} --sort score", self.options()),
            "pointsman evaluator test".to_owned(),
        ];
        Ok(blocks::with_commands(&text, &commands))
    }

    pub(super) fn edits(&self) -> Result<String, CommandError> {
        let Some(record) = &self.release else {
            return Ok(String::new());
        };
        let live = self.lanes.tree(record)?;
        let paths = changed_paths(live.as_ref(), self.tree.as_ref())?;
        let changes = prompt_changes(live.as_ref(), self.tree.as_ref(), &paths)?;
        let command = format!("pointsman diff {}", record.deployment.lane);
        Ok(blocks::with_commands(&blocks::edits(&changes), &[command]))
    }

    pub(super) fn runs(&self) -> Result<String, CommandError> {
        let runs = FileRunStore::new(&self.context.state_dir()?);
        let found =
            suites_run(&self.workspace(), &runs, &self.window).map_err(|error| match error {
                RunsError::Files(findings) => CommandError::from(findings),
                RunsError::Store(error) => error.into(),
            })?;
        let commands = [
            "pointsman runs list".to_owned(),
            "pointsman eval".to_owned(),
        ];
        Ok(blocks::with_commands(&blocks::runs(&found), &commands))
    }

    pub(super) fn snapshots(&self) -> Result<String, CommandError> {
        let mut text = String::new();
        let mut commands = Vec::new();
        let workspace = self.workspace();
        for name in workspace.lane_names()? {
            let Some((from, _)) = workspace.lane(&name)?.from else {
                continue;
            };
            let tips = [self.lanes.tip(&from)?, self.lanes.tip(&name)?];
            let [Some(source), Some(live)] = tips else {
                continue;
            };
            text.push_str(&blocks::lanes_compared(&source, &live));
            commands.push(format!("pointsman diff {name} {from}"));
        }
        if text.is_empty() {
            text.push_str("No lane here is promoted from another.\n");
        }
        Ok(blocks::with_commands(&text, &commands))
    }

    pub(super) fn releases(&self) -> Result<String, CommandError> {
        let store = self.store.as_ref();
        let seen = releases_seen(store, &self.lanes, &self.window, self.now)?;
        let commands = seen.iter().map(|it| {
            let deployment = &it.record.deployment;
            let (lane, sequence) = (&deployment.lane, deployment.sequence);
            format!("pointsman monitor compare --around {lane}#{sequence}")
        });
        let commands: Vec<String> = commands.collect();
        Ok(blocks::with_commands(&blocks::releases(&seen), &commands))
    }

    pub(super) fn improve(&self) -> Result<String, CommandError> {
        let kept = GitImprovements::new(self.context.repository()?)?.all()?;
        let mut found: Vec<Attempt> = kept.into_iter().map(|kept| kept.attempt).collect();
        found.retain(|it| {
            let decided = it.decision.as_ref();
            it.state().is_open() || decided.is_some_and(|it| self.window.contains(it.at))
        });
        let commands = ["pointsman improve list --all".to_owned()];
        Ok(blocks::with_commands(
            &blocks::candidates(&found),
            &commands,
        ))
    }

    pub(super) fn behaviors(&self) -> Result<String, CommandError> {
        let mut found = self.workspace().behaviors()?;
        found.retain(|it| it.state() != BehaviorState::Dismissed);
        found.sort_by_key(|it| (it.state(), it.id.clone()));
        let mut commands = vec!["pointsman behaviors scan".to_owned()];
        let urgent = found.iter().filter(|it| it.is_urgent());
        commands.extend(urgent.map(|it| format!("pointsman behaviors show {}", it.id)));
        Ok(blocks::with_commands(&blocks::behaviors(&found), &commands))
    }

    pub(super) fn incidents(&self) -> Result<String, CommandError> {
        let workspace = self.workspace();
        let mut found = Vec::new();
        for id in workspace.incident_ids()? {
            found.push(workspace.incident(&id)?);
        }
        found.retain(|it| it.closed.is_none() || self.window.contains(it.opened.at));
        let commands = ["pointsman incident list".to_owned()];
        Ok(blocks::with_commands(&blocks::incidents(&found), &commands))
    }

    pub(super) fn learned(&self) -> Result<String, CommandError> {
        let seen = rows_seen(&self.workspace(), &self.window)?;
        let workspace = self.workspace();
        let counts = [
            ("saved views", workspace.view_ids()?.len()),
            ("alert rules", workspace.alert_ids()?.len()),
            ("evaluators", workspace.evaluators_in_files()?.len()),
        ];
        let text = format!("{}\n{}", blocks::rows(&seen), blocks::counts(&counts));
        let commands = [
            "pointsman traces views".to_owned(),
            "pointsman evaluator list".to_owned(),
            "pointsman dataset list".to_owned(),
            "pointsman incident list --all".to_owned(),
        ];
        Ok(blocks::with_commands(&text, &commands))
    }

    /// The views, with how many spans of the window each means.
    pub(super) fn views_seen(&self) -> Result<Vec<(ViewId, u64)>, CommandError> {
        let (workspace, store) = (self.workspace(), self.store.as_ref());
        Ok(views_seen(&workspace, store, self.window, self.now)?)
    }

    pub(super) fn views(&self, seen: &[(ViewId, u64)]) -> String {
        let commands = [
            "pointsman traces views".to_owned(),
            format!("pointsman traces export {} -o spans.jsonl", self.options()),
        ];
        blocks::with_commands(&blocks::views(seen), &commands)
    }

    pub(super) fn unused(&self, seen: &[(ViewId, u64)]) -> Result<String, CommandError> {
        let text = blocks::unused(&unused(&self.workspace())?, seen);
        let commands = [
            "pointsman dataset lint".to_owned(),
            "pointsman evaluator list".to_owned(),
        ];
        Ok(blocks::with_commands(&text, &commands))
    }
}
