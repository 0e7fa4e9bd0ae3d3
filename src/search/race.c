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

#include "search/cost_model.h"
#include "search/ladder.h"
#include "search/race.h"

/* ---------- rows that have been returned ---------- */

typedef struct SeenRow
{
	uint64		place;
	char		status;
} SeenRow;

#define SH_PREFIX			race_seen
#define SH_ELEMENT_TYPE		SeenRow
#define SH_KEY_TYPE			uint64
#define SH_KEY				place
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) (key) ^ (uint32) ((key) >> 29))
#define SH_EQUAL(tb, a, b)	((a) == (b))
#define SH_SCOPE			static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static uint64
place_number(const ItemPointerData *tid)
{
	return (uint64) ItemPointerGetBlockNumber(tid) << 16 | ItemPointerGetOffsetNumber(tid);
}

/*
 * Note that a row is returned.  Returns false if it has been returned before.
 */
static bool
note_row(MMRace *race, const ItemPointerData *tid)
{
	bool		found;

	if (race->seen != NULL)
	{
		(void) race_seen_insert(race->seen, place_number(tid), &found);
		return !found;
	}
	if (race->returned == NULL)
		return true;
	if (race->nreturned == race->room)
	{
		/* Beyond that, the driver goes on alone. */
		if (race->room * (int64) sizeof(SeenRow) > (int64) work_mem * 512)
		{
			pfree(race->returned);
			race->returned = NULL;
			return true;
		}
		race->room *= 2;
		race->returned = repalloc_huge(race->returned, sizeof(ItemPointerData) * race->room);
	}
	race->returned[race->nreturned++] = *tid;
	return true;
}

/* ---------- drivers ---------- */

/*
 * What is searched for, as the choice of a driver sees it.
 */
static void
describe_goal(const MMRace *race, double k, MMGoal *goal)
{
	const MMBounding *b = race->wanted;

	memset(goal, 0, sizeof(MMGoal));
	for (int i = 0; i < b->nterms; i++)
	{
		const MMTerm *term = &b->asked[i];

		goal->weights.weights[term->column] += term->weight / term->scale;
		goal->weights.missing[term->column] = term->missing == MM_MISSING_NULL ?
			get_float8_nan() : term->missing;
	}
	goal->radius = b->limit < FLT_MAX ? b->limit : get_float8_infinity();
	goal->k = k;
	goal->tuples = Max(mm_meta_entries(race->index, race->meta), 1);
	goal->pages = RelationGetNumberOfBlocks(race->index) * race->meta->shared_part;
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
		if (race->drivers[i].subindex != NULL)
			race->drivers[i].subindex = (const MMSubindex *)
				(copy + ((const char *) race->drivers[i].subindex - from));
}

void
mm_race_init(MMRace *race, Relation index, MMColumns *columns, const MMBounding *wanted,
			 List *also, double k)
{
	MMForest	forest;

	memset(race, 0, sizeof(MMRace));
	race->index = index;
	race->columns = columns;
	race->wanted = wanted;
	race->also = also;
	race->context = CurrentMemoryContext;
	race->meta = mm_meta_read(index, columns->n);
	race->stored = mm_meta_model(index, race->meta);
	mm_forest_open(index, race->meta, race->stored, &forest);
	race->ndrivers = 1;
	race->drivers[0].subindex = NULL;
	if (forest.n > 0 && !wanted->only_nulls)
	{
		MMGoal		goal;

		describe_goal(race, k, &goal);
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
 * Let one more driver start.
 */
static MMEntrant *
enter(MMRace *race, const MMSearchDriver *driver)
{
	MemoryContext old = MemoryContextSwitchTo(race->context);
	MMEntrant  *entrant = &race->entrants[race->n++];
	const MMSubindex *subindex = driver->subindex;
	MMTree		tree;
	ListCell   *lc;

	entrant->driver = driver;
	if (subindex == NULL)
		tree = mm_tree_of_columns(race->index,
								  mm_model_open(race->columns, race->meta, race->stored));
	else
		tree = mm_tree_of_subindex(race->index, subindex,
								   mm_model_open_part(race->columns, &subindex->shape,
													  mm_subindex_model(subindex)));
	bound_alike(race, &entrant->bounding, race->wanted, tree.model);
	foreach(lc, race->also)
	{
		MMBounding *bounding = palloc0(sizeof(MMBounding));

		bound_alike(race, bounding, lfirst(lc), tree.model);
		entrant->also = lappend(entrant->also, bounding);
	}
	entrant->source = mm_ladder_create(&tree, &entrant->bounding, entrant->also, &entrant->stats);
	MemoryContextSwitchTo(old);
	return entrant;
}

static double
work_done(const MMEntrant *entrant)
{
	const MMSearchStats *stats = &entrant->stats;

	return (double) (stats->inner_pages + stats->leaf_pages) * mm_cost_model.entries_per_page +
		stats->bounded + (double) stats->candidates * mm_cost_model.entries_per_verification;
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
		work_done(first) < Max(race->drivers[1].work, race->drivers[0].work))
		return;
	race->seen = race_seen_create(race->context, race->nreturned * 2, NULL);
	for (int64 i = 0; i < race->nreturned; i++)
		(void) note_row(race, &race->returned[i]);
	pfree(race->returned);
	race->returned = NULL;
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
		race->returned = MemoryContextAlloc(race->context, sizeof(ItemPointerData) * race->room);
	}
	return entrant->source->routine->begin(entrant->source);
}

bool
mm_race_next(MMRace *race, bool needed, MMCandidate *candidate)
{
	for (;;)
	{
		MMEntrant  *entrant = &race->entrants[0];

		change_over_if_due(race);
		if (race->n > 1 && work_done(&race->entrants[1]) < work_done(entrant))
			entrant = &race->entrants[1];
		entrant->bounding.with_nulls = race->wanted->with_nulls;
		entrant->bounding.limit = race->wanted->limit;
		if (!entrant->source->routine->next(entrant->source, needed, candidate))
			return false;
		entrant->stats.candidates++;
		if (!note_row(race, &candidate->tid))
			continue;
		if (race->n > 1 && !candidate->is_null)
		{
			MMSource   *other = race->entrants[entrant == &race->entrants[0]].source;

			candidate->lower = Max(candidate->lower, Min(other->routine->frontier(other), FLT_MAX));
		}
		return true;
	}
}

static void
count_candidate(const MMCandidate *candidate, void *state)
{
	MMRace	   *race = state;

	race->entrants[0].stats.candidates++;
	race->emit(candidate, race->emit_state);
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
		MMDriverStats driver = {
			.column = entrant->driver->subindex == NULL ? -1 : entrant->driver->subindex->column,
			.kind = entrant->driver->subindex == NULL ? 0 : entrant->driver->subindex->kind,
			.pages = entrant->stats.leaf_pages,
			.entries = entrant->stats.bounded,
			.candidates = entrant->stats.candidates,
			.estimated_pages = estimate->pages,
			.estimated_entries = estimate->entries,
			.estimated_candidates = estimate->candidates,
		};

		mm_search_stats_add(stats, &entrant->stats);
		mm_driver_stats_add(stats, &driver);
	}
	stats->changes = race->n - 1;
}
