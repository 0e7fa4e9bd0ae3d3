/*-------------------------------------------------------------------------
 *
 * race.c
 *	  The drivers of a search at work; see race.h.
 *
 * The search begins with the driver that is expected to take least work.  If it
 * has done as much work as the next one is expected to take, that one starts,
 * too, and from then on the one that has done less goes on.  Both verify rows
 * for the same search, and whichever comes to the end first ends it.  So a
 * search never does much more than twice the work of the better of the two.
 *
 * Each has candidates in the order of bounds of its own.  A row that no driver
 * has returned is as far away as each of them says, so the greatest of the
 * drivers' frontiers is a bound for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "model/kept.h"
#include "search/cost_model.h"
#include "search/inverted_source.h"
#include "search/ladder.h"
#include "search/merge.h"
#include "search/paper.h"
#include "search/race.h"
#include "search/vantage_source.h"

/* ---------- rows that have been returned ---------- */

typedef struct SeenRow
{
	uint64		number;
	char		status;
} SeenRow;

#define SH_PREFIX			race_seen
#define SH_ELEMENT_TYPE		SeenRow
#define SH_KEY_TYPE			uint64
#define SH_KEY				number
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) (key) ^ (uint32) ((key) >> 29))
#define SH_EQUAL(tb, a, b)	((a) == (b))
#define SH_SCOPE			static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

void
mm_race_note_null(MMRace *race, const ItemPointerData *tid)
{
	bool		found;

	if (race->null_rows == NULL)
		race->null_rows = race_seen_create(race->context, 64, NULL);
	(void) race_seen_insert(race->null_rows, mm_place_number(tid), &found);
}

bool
mm_race_is_noted(const MMRace *race, const ItemPointerData *tid)
{
	return race->null_rows != NULL && race_seen_lookup(race->null_rows, mm_place_number(tid)) != NULL;
}

/*
 * A candidate as a number.  Those whose sum is NULL have others: such a row may
 * have been returned before, by a driver that did not know.
 */
static uint64
number_of(const MMCandidate *candidate)
{
	return (uint64) candidate->is_null << 63 | mm_place_number(&candidate->tid);
}

/*
 * Does a driver know nothing of other columns' NULLs?
 */
static bool
ignores_nulls(const MMSearchDriver *driver)
{
	return driver->paper || driver->nparts > 1 ||
		(driver->nparts == 1 && driver->parts[0]->kind == MM_SUBINDEX_INVERTED);
}

/*
 * Is this half of work_mem, or more?
 */
static bool
holds_half(Size size)
{
	return size >= (Size) work_mem * 512;
}

/*
 * Note that a row is returned.  Returns false if it has been returned before.
 */
static bool
note_row(MMRace *race, uint64 number)
{
	bool		found;

	/* A driver returns no row twice. */
	if (race->alone >= 0)
		return race_seen_lookup(race->seen, number) == NULL;
	if (race->seen != NULL)
	{
		(void) race_seen_insert(race->seen, number, &found);
		return !found;
	}
	if (race->returned == NULL)
		return true;
	if (race->nreturned == race->room)
	{
		/*
		 * Beyond that, the driver goes on alone, if it can do so in little memory;
		 * see is_too_large.
		 */
		if (holds_half(race->room * sizeof(SeenRow)) && !ignores_nulls(race->entrants[0].driver))
		{
			pfree(race->returned);
			race->returned = NULL;
			return true;
		}
		race->room *= 2;
		race->returned = repalloc_huge(race->returned, sizeof(uint64) * race->room);
	}
	race->returned[race->nreturned++] = number;
	return true;
}

/* ---------- drivers ---------- */

/*
 * What is searched for, as the choice of a driver sees it.  trained has room for a number
 * for each column.
 */
static void
describe_goal(const MMRace *race, double k, double *trained, MMGoal *goal)
{
	const MMBounding *b = race->wanted;
	BlockNumber blocks = mm_known_blocks(race->index);

	memset(goal, 0, sizeof(MMGoal));
	mm_model_weights(race->meta, race->stored, trained);
	goal->trained = trained;
	for (int i = 0; i < b->nterms; i++)
	{
		const MMTerm *term = &b->asked[i];

		if (term->coordinates != NULL)
			goal->by_coordinates |= UINT32_C(1) << term->column;
		goal->weights.weights[term->column] += term->curve == NULL ? term->weight / term->scale :
			mm_term_curve_slope(term->curve, race->meta->columns[term->column].scale);
		goal->weights.missing[term->column] = term->missing == MM_MISSING_NULL ?
			get_float8_nan() : term->missing;
	}
	goal->radius = b->limit < FLT_MAX ? b->limit : get_float8_infinity();
	goal->k = k;
	goal->tuples = Max(mm_meta_entries(race->index, race->meta, blocks), 1);
	goal->pages = blocks * race->meta->shared_part;
	goal->tells_nulls = race->tells_nulls || !b->with_nulls;
}

/*
 * Keep a copy of the model, and let the drivers refer to that.
 */
static void
keep_model(MMRace *race)
{
	const char *from = race->stored;
	char	   *copy = memcpy(palloc(race->meta->model_size), from, race->meta->model_size);

	race->stored = copy;
	for (int i = 0; i < race->ndrivers; i++)
		for (int p = 0; p < race->drivers[i].nparts; p++)
			race->drivers[i].parts[p] = (const MMSubindex *)
				(copy + ((const char *) race->drivers[i].parts[p] - from));
}

void
mm_race_init(MMRace *race, Relation index, MMColumns *columns, const MMBounding *wanted,
			 List *also, double k, bool tells_nulls)
{
	MMForest	forest;

	memset(race, 0, sizeof(MMRace));
	race->index = index;
	race->columns = columns;
	race->wanted = wanted;
	race->also = also;
	race->tells_nulls = tells_nulls;
	race->context = CurrentMemoryContext;
	race->most = get_float4_infinity();
	race->meta = mm_meta_read(index, columns->n);
	race->stored = mm_meta_model(index, race->meta);
	mm_forest_open(index, race->meta, race->stored, &forest);
	race->ndrivers = 1;
	/* This is large, and there is a search for each partition: no more than needed. */
	race->drivers = palloc(sizeof(MMSearchDriver) * (2 + forest.n));
	race->drivers[0] = (MMSearchDriver) {0};
	race->finisher = race->alone = -1;
	if (forest.n > 0 && !wanted->only_nulls)
	{
		MMGoal		goal;
		double		trained[MM_MAX_COLUMNS];

		describe_goal(race, k, trained, &goal);
		race->ndrivers = mm_drivers_rank(race->meta, &forest, &goal, race->drivers);
	}
	/* When the second starts, the cache may have forgotten the model. */
	if (race->ndrivers > 1)
		keep_model(race);
}

/*
 * Make a bounding for a driver's model that wants what another does.
 */
static void
bound_alike(MMRace *race, MMBounding *bounding, const MMBounding *wanted, const MMModel *model)
{
	mm_bounding_begin_like(bounding, wanted);
	mm_bounding_init(bounding, model, race->meta);
}

/*
 * The tree that a sub-index is; NULL stands for the shared tree.
 */
static MMTree
open_tree(MMRace *race, const MMSubindex *subindex)
{
	if (subindex == NULL)
		return mm_tree_of_columns(race->index,
								  mm_kept_model(race->columns, race->meta, race->stored));
	return mm_tree_of_subindex(race->index, subindex,
							   mm_model_open_part(race->columns, &subindex->shape,
												  mm_subindex_model(subindex)));
}

/*
 * The source that a tree is for the sum of a bounding, which is made ready for
 * it, and for others.
 */
static MMSource *
open_source(MMRace *race, const MMSubindex *subindex, MMBounding *bounding,
			const MMBounding *wanted, List *also, MMSearchStats *stats)
{
	MMTree		tree;
	List	   *others = NIL;
	ListCell   *lc;

	if (subindex != NULL && subindex->kind == MM_SUBINDEX_INVERTED)
	{
		MMInverted *inverted = palloc(sizeof(MMInverted));

		*inverted = mm_inverted_of_subindex(race->index, race->columns, subindex);
		mm_bounding_begin_like(bounding, wanted);
		bounding->with_nulls = false;
		bounding->limit = Min(bounding->limit, FLT_MAX);
		return mm_inverted_source_create(inverted, subindex->column, bounding, stats);
	}
	tree = open_tree(race, subindex);
	bound_alike(race, bounding, wanted, tree.model);
	foreach(lc, also)
	{
		MMBounding *other = palloc0(sizeof(MMBounding));

		bound_alike(race, other, lfirst(lc), tree.model);
		others = lappend(others, other);
	}
	if (subindex != NULL && subindex->kind == MM_SUBINDEX_MVP)
		return mm_vantage_source_create(race->index, race->meta, subindex,
										mm_vantage_open(tree.model, subindex->column,
														mm_subindex_skeleton(subindex)),
										bounding, others, stats);
	return mm_ladder_create(&tree, bounding, others, stats);
}

/*
 * The source that one part of a driver is for the terms of its column.
 */
static MMSource *
open_part(MMRace *race, MMEntrant *entrant, int part)
{
	const MMSubindex *subindex = entrant->driver->parts[part];
	MMBounding *wanted = palloc0(sizeof(MMBounding));
	MMBounding *bounding = palloc0(sizeof(MMBounding));

	mm_bounding_begin_part(wanted, race->wanted, subindex->column);
	wanted->uppers_wanted = race->wanted->uppers_wanted || entrant->driver->paper;
	return open_source(race, subindex, bounding, wanted, race->also, &entrant->parts[part]);
}

static MMSource *
open_merge(MMRace *race, MMEntrant *entrant)
{
	int			n = entrant->driver->nparts;
	MMSource   *sources[MM_MAX_COLUMNS];

	entrant->parts = palloc0(sizeof(MMSearchStats) * n);
	mm_bounding_begin_like(&entrant->bounding, race->wanted);
	for (int i = 0; i < n; i++)
		sources[i] = open_part(race, entrant, i);
	return mm_merge_create(sources, n, &entrant->bounding, &entrant->stats);
}

static MMSource *
open_paper(MMRace *race, MMEntrant *entrant)
{
	int			n = entrant->driver->nparts;
	MMTree		shared = open_tree(race, NULL);
	MMPaperMetric *metrics = palloc(sizeof(MMPaperMetric) * n);

	entrant->parts = palloc0(sizeof(MMSearchStats) * n);
	bound_alike(race, &entrant->bounding, race->wanted, shared.model);
	for (int i = 0; i < n; i++)
		metrics[i] = (MMPaperMetric) {open_part(race, entrant, i), entrant->driver->shares[i]};
	return mm_paper_create(&shared, &entrant->bounding, metrics, n, &entrant->stats);
}

/*
 * Let one more driver start.
 */
static MMEntrant *
enter(MMRace *race, const MMSearchDriver *driver)
{
	MemoryContext old = MemoryContextSwitchTo(race->context);
	MMEntrant  *entrant = &race->entrants[race->n++];

	entrant->driver = driver;
	entrant->source = driver->paper ? open_paper(race, entrant) :
		driver->nparts > 1 ? open_merge(race, entrant) :
		open_source(race, driver->nparts == 0 ? NULL : driver->parts[0], &entrant->bounding,
					race->wanted, race->also, &entrant->stats);
	MemoryContextSwitchTo(old);
	return entrant;
}

/*
 * What a driver has done so far.
 */
static MMSearchStats
stats_of(const MMEntrant *entrant)
{
	MMSearchStats stats = entrant->stats;

	for (int i = 0; entrant->parts != NULL && i < entrant->driver->nparts; i++)
	{
		int64		candidates = stats.candidates;

		mm_search_stats_add(&stats, &entrant->parts[i]);
		stats.candidates = candidates;	/* rows that the merge has returned */
	}
	return stats;
}

static double
work_done(const MMEntrant *entrant)
{
	MMSearchStats stats = stats_of(entrant);

	return mm_work_done(&stats);
}

/*
 * Has the first driver outgrown work_mem, with what is kept of rows that it has
 * returned?  A tree sees to its own memory, and what is kept for it may be dropped.
 */
static bool
is_too_large(const MMRace *race)
{
	const MMEntrant *first = &race->entrants[0];

	return ignores_nulls(first->driver) &&
		(holds_half(first->stats.peak_memory) || holds_half(race->nreturned * sizeof(SeenRow)) ||
		 (race->null_rows != NULL && holds_half(race->null_rows->members * sizeof(SeenRow))));
}

/*
 * Let the second driver start, if the first has done the work that this one is
 * expected to take.
 */
static void
change_over_if_due(MMRace *race)
{
	MMEntrant  *first = &race->entrants[0];

	if (race->n > 1 || race->returned == NULL ||
		(work_done(first) < Max(race->drivers[1].work, race->drivers[0].work) &&
		 !is_too_large(race)))
		return;
	race->seen = race_seen_create(race->context, race->nreturned * 2, NULL);
	for (int64 i = 0; i < race->nreturned; i++)
		(void) note_row(race, race->returned[i]);
	pfree(race->returned);
	race->returned = NULL;
	if (is_too_large(race))
		race->alone = 1;
	enter(race, &race->drivers[1]);
	(void) race->entrants[1].source->routine->begin(race->entrants[1].source);
}

/* ---------- as a source ---------- */

bool
mm_race_begin(MMRace *race)
{
	MMEntrant  *entrant = enter(race, &race->drivers[0]);

	if (race->ndrivers > 1)
	{
		race->room = 64;
		race->returned = MemoryContextAlloc(race->context, sizeof(uint64) * race->room);
	}
	return entrant->source->routine->begin(entrant->source);
}

/*
 * Which of the two is the shared tree?  One of them always is.
 */
static int
shared_entrant(const MMRace *race)
{
	return race->entrants[0].driver->nparts > 0;
}

/*
 * Which driver goes on?
 */
static int
next_entrant(const MMRace *race)
{
	if (race->n == 1)
		return 0;
	if (race->finisher >= 0)
		return race->finisher;
	if (race->alone >= 0)
		return race->alone;
	return work_done(&race->entrants[1]) < work_done(&race->entrants[0]);
}

/*
 * Once a driver that knows nothing of NULLs has returned all other rows, let
 * the shared tree find those whose sum is NULL.
 */
static void
begin_nulls(MMRace *race)
{
	static const MMSearchDriver shared = {0};
	MMEntrant  *entrant = enter(race, &shared);

	race->finisher = race->n - 1;
	entrant->bounding.only_nulls = true;
	(void) entrant->source->routine->begin(entrant->source);
}

/*
 * Let a driver know what is wanted now.  Rows whose sum is NULL are never wanted
 * from one that knows only some of them.
 */
static void
follow_limit(MMRace *race, MMEntrant *entrant)
{
	bool		nulls = race->wanted->with_nulls && !ignores_nulls(entrant->driver);

	entrant->bounding.with_nulls = nulls;
	entrant->bounding.limit = nulls ? race->wanted->limit : Min(race->wanted->limit, FLT_MAX);
}

bool
mm_race_next(MMRace *race, bool needed, MMCandidate *candidate)
{
	for (;;)
	{
		int			i;
		MMEntrant  *entrant;

		change_over_if_due(race);
		if (race->alone < 0 && race->seen != NULL && holds_half(race->seen->members * sizeof(SeenRow)))
			race->alone = shared_entrant(race);
		i = next_entrant(race);
		entrant = &race->entrants[i];
		follow_limit(race, entrant);
		entrant->source->most = race->most;
		if (!entrant->source->routine->next(entrant->source, needed, candidate))
		{
			if (!needed || !ignores_nulls(entrant->driver) || race->finisher >= 0 ||
				!race->wanted->with_nulls || race->most < get_float4_infinity())
				return false;
			begin_nulls(race);
			continue;
		}
		entrant->stats.candidates++;
		if (candidate->is_null)
			race->finisher = i;
		candidate->may_be_null = ignores_nulls(entrant->driver);
		if (!note_row(race, number_of(candidate)))
			continue;
		if (race->n == 2 && !candidate->is_null)
		{
			MMSource   *other = race->entrants[1 - i].source;

			candidate->lower = Max(candidate->lower, Min(other->routine->frontier(other), FLT_MAX));
		}
		return true;
	}
}

float
mm_race_frontier(const MMRace *race)
{
	float		frontier = 0.0f;

	for (int i = 0; i < race->n; i++)
	{
		MMSource   *source = race->entrants[i].source;

		if (race->finisher < 0 || race->finisher == i)
			frontier = Max(frontier, source->routine->frontier(source));
	}
	return frontier;
}

static void
count_candidate(const MMCandidate *candidate, void *state)
{
	MMRace	   *race = state;
	MMCandidate counted = *candidate;

	race->entrants[0].stats.candidates++;
	/* Nothing is proved of a row whose sum may be NULL, however large the radius. */
	if (ignores_nulls(race->entrants[0].driver))
		counted.upper = get_float8_nan();
	race->emit(&counted, race->emit_state);
}

bool
mm_race_all(MMRace *race, MMSearchEmit emit, void *state)
{
	MMEntrant  *entrant = enter(race, &race->drivers[0]);

	race->emit = emit;
	race->emit_state = state;
	return entrant->source->routine->all(entrant->source, count_candidate, race);
}

void
mm_race_end(MMRace *race)
{
	for (int i = 0; i < race->n; i++)
		race->entrants[i].source->routine->end(race->entrants[i].source);
	race->n = 0;
}

void
mm_race_stats(const MMRace *race, MMSearchStats *stats)
{
	memset(stats, 0, sizeof(MMSearchStats));
	for (int i = 0; i < race->n; i++)
	{
		const MMEntrant *entrant = &race->entrants[i];
		const MMSearchEstimate *estimate = &entrant->driver->estimate;
		MMSearchStats done = stats_of(entrant);
		MMDriverStats driver = {
			.kind = entrant->driver->paper ? -1 :
			entrant->driver->nparts == 1 ? entrant->driver->parts[0]->kind : 0,
			.pages = done.leaf_pages + done.postings_pages,
			.entries = done.bounded + done.postings / mm_cost_model.postings_per_entry,
			.candidates = done.candidates,
			.estimated_pages = estimate->pages,
			.estimated_entries = estimate->entries,
			.estimated_candidates = estimate->candidates,
		};

		for (int p = 0; p < entrant->driver->nparts; p++)
			driver.columns |= UINT32_C(1) << entrant->driver->parts[p]->column;
		mm_search_stats_add(stats, &done);
		mm_driver_stats_add(stats, &driver);
	}
	stats->changes = race->seen != NULL;
}
