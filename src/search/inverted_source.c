/*-------------------------------------------------------------------------
 *
 * inverted_source.c
 *	  Candidates from an inverted index.
 *
 * The rows of a run that have the same size class are a *group*.  How many
 * tokens such a row shares with the query bounds its distance.  The numbers of
 * tokens that give the same bound are a *level* of the group, the least bound
 * first.  The last level includes rows that share no token at all.
 *
 * Groups are in a queue, by the bound of the level that comes next.  A group
 * whose turn comes for the first time is counted.  This tells how many rows
 * each level has, and collects those of the first levels, as many as are kept
 * in memory.  Most groups are never asked for further levels.  If one is, the
 * group is counted again.  A level of too many rows is not collected, nor is
 * the last one: its rows are handed over as they are counted, window by window.
 * So memory is limited whatever is searched for.
 *
 * Pending rows are read at the beginning.  Those of one size class are a group,
 * too, all of whose rows are in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/pairingheap.h"
#include "utils/memutils.h"

#include "inverted/count.h"
#include "inverted/pending.h"
#include "search/inverted_source.h"

/*
 * So many rows of a group are collected when it is counted for the first time.
 * Each further time they are this many times as many.
 */
#define FIRST_COLLECTED		1024
#define MORE_COLLECTED		8
#define MOST_COLLECTED		(FIRST_COLLECTED * 64)

/*
 * The levels of a size class.
 */
typedef struct Levels
{
	int			n;				/* 0: not known yet */
	float	   *keys;			/* of each level, ascending */
	int		   *least;			/* tokens that rows of the level share */
	uint16	   *of_shared;		/* the level of each number of shared tokens */
} Levels;

/* A row of a group. */
typedef struct Row
{
	MMPlace		place;
	int			level;
} Row;

typedef struct SizeGroup
{
	pairingheap_node node;
	float		key;			/* of the level that comes next */
	const MMRun *run;			/* NULL: pending rows */
	int			size_class;
	int			level;			/* that comes next */
	int			collected;		/* levels before this one are in memory */
	int			counted;		/* the numbers of rows of levels before this one
								 * are known ... */
	int64	   *nrows;			/* ... here; NULL: none */
	int			budget;			/* of rows that may be collected next time */
	int			nitems;
	Row		   *items;			/* what is collected, by level */
	int			at;				/* the first of the level that comes next */
} SizeGroup;

/* A pending row. */
typedef struct PendingItem
{
	MMPlace		place;
	uint16		size_class;
	uint16		shared;
} PendingItem;

typedef struct InvertedSource
{
	MMSource	source;
	MMInverted	inv;
	int			column;
	int			term;			/* about that column */
	MMTokens	query;
	bool		repeated;		/* some of its tokens were equal */
	MMHome	   *home;
	MMCounter	counter;
	Levels		levels[MM_SIZE_CLASSES];
	pairingheap queue;			/* of groups */
	MemoryContext context;

	float		key;			/* of what is handed over at the moment */
	SizeGroup	   *current;		/* whose rows these are; not in the queue */
	bool		streaming;		/* they are counted meanwhile */
	int			nrows;
	int			at;				/* the next one */
	Row		   *rows;
	Row		   *window;			/* room for those of a window */
	int			window_room;

	uint32	   *slots;			/* the query's tokens, hashed, for pending rows */
	uint32		mask;
	int			npending;
	int			pending_room;
	PendingItem *pending;
} InvertedSource;

static int
compare_groups(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	float		x = ((const SizeGroup *) a)->key;
	float		y = ((const SizeGroup *) b)->key;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* ---------- levels ---------- */

/*
 * How many tokens are counted in a size class?  0: only sizes are known.
 */
static int
counted_tokens(const InvertedSource *s, int size_class)
{
	return mm_class_is_counted(size_class) ? s->query.n : 0;
}

/*
 * The least key that a row of this class can have that shares so many tokens.
 */
static float
shared_key(const InvertedSource *s, int size_class, int shared)
{
	const MetricRoutine *routine = s->inv.column->space.routine;

	return mm_bounding_term_key(s->source.bounding, s->term,
								routine->token_bound(s->query.size, mm_class_least(size_class),
													 mm_class_greatest(size_class), shared));
}

/*
 * The key that the first level of a class has.
 */
static float
first_key(const InvertedSource *s, int size_class)
{
	int			n = counted_tokens(s, size_class);

	if (size_class == MM_CLASS_NULL)
		return mm_bounding_null_key(s->source.bounding, s->column);
	return shared_key(s, size_class, n > 0 ? n : INT_MAX);
}

static const Levels *
levels_of(InvertedSource *s, int size_class)
{
	Levels	   *levels = &s->levels[size_class];
	int			n = counted_tokens(s, size_class);

	if (levels->n > 0)
		return levels;
	levels->keys = palloc(sizeof(float) * (n + 1));
	levels->least = palloc(sizeof(int) * (n + 1));
	levels->of_shared = palloc(sizeof(uint16) * (n + 1));
	levels->keys[0] = first_key(s, size_class);
	levels->n = 1;
	levels->of_shared[n] = 0;
	levels->least[0] = n;
	for (int shared = n - 1; shared >= 0; shared--)
	{
		float		key = shared_key(s, size_class, shared);

		/* A metric whose bounds are not monotone must not disturb the order. */
		if (key > levels->keys[levels->n - 1])
			levels->keys[levels->n++] = key;
		levels->of_shared[shared] = levels->n - 1;
		levels->least[levels->n - 1] = shared;
	}
	return levels;
}

static inline bool
wanted(const InvertedSource *s, float key)
{
	return mm_wanted(s->source.bounding, key);
}

/* ---------- counting ---------- */

/*
 * Begin to count the rows of a group that may be of one of the levels before
 * end.
 */
static void
begin_count(InvertedSource *s, const SizeGroup *group, int end)
{
	const Levels *levels = levels_of(s, group->size_class);
	int			least = levels->least[end - 1];

	/* Equal hashes of different parts count as one. */
	if (s->repeated)
		least = Min(least, 1);
	mm_counter_begin(&s->counter, group->run, group->size_class, s->query.tokens,
					 counted_tokens(s, group->size_class), least);
}

/*
 * The place of counted row i of a window, and its level.  all tells that
 * MM_TOKEN_ALL was counted, too.
 */
static inline MMPlace
take_counted(InvertedSource *s, const Levels *levels, int most, bool all, int i, int *level)
{
	uint16		low = s->counter.touched[i];
	int			shared = s->counter.counts[low] - all;

	s->counter.counts[low] = 0;
	*level = levels->of_shared[Min(shared, most)];
	return (MMPlace) s->counter.window << MM_WINDOW_BITS | low;
}

/*
 * Make room among n collected rows by giving up the last level.  Returns how
 * many are left.
 */
static int
give_up_level(Row *rows, int n, int *end)
{
	int			kept = 0;

	--*end;
	for (int i = 0; i < n; i++)
		if (rows[i].level < *end)
			rows[kept++] = rows[i];
	return kept;
}

/*
 * Sort the rows of a group by their levels.
 */
static void
keep_rows(InvertedSource *s, SizeGroup *group, const Row *rows, int n, int nlevels)
{
	int		   *starts = palloc0(sizeof(int) * (nlevels + 1));

	if (group->items != NULL)
		pfree(group->items);
	group->items = MemoryContextAlloc(s->context, sizeof(Row) * Max(n, 1));
	group->nitems = n;
	group->at = 0;
	for (int i = 0; i < n; i++)
		starts[rows[i].level + 1]++;
	for (int i = 0; i < nlevels; i++)
		starts[i + 1] += starts[i];
	for (int i = 0; i < n; i++)
		group->items[starts[rows[i].level]++] = rows[i];
	pfree(starts);
}

/*
 * Count a group and collect the rows of the levels from the next one on.
 */
static void
collect(InvertedSource *s, SizeGroup *group)
{
	const Levels *levels = levels_of(s, group->size_class);
	int			most = counted_tokens(s, group->size_class);
	int			end = group->level + 1;
	int			counted;
	int			n = 0;
	Row		   *rows;

	if (group->nrows == NULL)
	{
		group->nrows = MemoryContextAllocZero(s->context, sizeof(int64) * levels->n);
		group->budget = FIRST_COLLECTED;
	}
	rows = palloc(sizeof(Row) * group->budget);
	/* Most groups are not asked for rows that share less than half. */
	while (end < levels->n - 1 && wanted(s, levels->keys[end]) &&
		   (levels->least[end] > most / 2 || group->counted > 0))
		end++;
	counted = end;
	begin_count(s, group, end);
	while (mm_counter_window(&s->counter))
		for (int i = 0; i < s->counter.ntouched; i++)
		{
			int			level;
			MMPlace		place = take_counted(s, levels, most, false, i, &level);

			if (level >= group->counted && level < counted)
				group->nrows[level]++;
			if (level >= end || level < group->level)
				continue;
			/* The last level may have no rows yet. */
			while (n == group->budget && level < end)
				n = give_up_level(rows, n, &end);
			if (level < end)
				rows[n++] = (Row) {.place = place, .level = level};
		}
	keep_rows(s, group, rows, n, levels->n);
	group->collected = end;
	group->counted = Max(group->counted, counted);
	group->budget = Min(group->budget * MORE_COLLECTED, MOST_COLLECTED);
	pfree(rows);
}

/*
 * Go on with the rows of a level that are handed over as they are counted.
 * Returns false at the end.
 */
static bool
stream(InvertedSource *s)
{
	const SizeGroup *group = s->current;
	const Levels *levels = levels_of(s, group->size_class);
	int			most = counted_tokens(s, group->size_class);
	bool		all = group->level == levels->n - 1;

	s->nrows = s->at = 0;
	s->rows = s->window;
	while (s->nrows == 0)
	{
		if (!mm_counter_window(&s->counter))
			return false;
		if (s->window_room < s->counter.ntouched)
		{
			if (s->window != NULL)
				pfree(s->window);
			s->window_room = s->counter.ntouched * 2;
			s->window = MemoryContextAlloc(s->context, sizeof(Row) * s->window_room);
			s->rows = s->window;
		}
		for (int i = 0; i < s->counter.ntouched; i++)
		{
			int			level;
			MMPlace		place = take_counted(s, levels, most, all, i, &level);

			if (level == group->level)
				s->rows[s->nrows++] = (Row) {.place = place, .level = level};
		}
	}
	return true;
}

/* ---------- groups ---------- */

/*
 * Put a group back into the queue, with its next level, if it has a further
 * one.
 */
static void
queue_group(InvertedSource *s, SizeGroup *group)
{
	const Levels *levels = levels_of(s, group->size_class);

	while (group->level < group->counted && group->nrows[group->level] == 0)
		group->level++;
	if (group->level == levels->n || !wanted(s, levels->keys[group->level]))
	{
		if (group->items != NULL)
			pfree(group->items);
		pfree(group);
		return;
	}
	group->key = levels->keys[group->level];
	pairingheap_add(&s->queue, &group->node);
}

/*
 * Begin to hand over the next level of the current group.
 */
static void
begin_level(InvertedSource *s, SizeGroup *group)
{
	const Levels *levels = levels_of(s, group->size_class);
	int			level = group->level;

	s->key = group->key;
	if (level >= group->collected && level < levels->n - 1 &&
		(level >= group->counted || group->nrows[level] <= group->budget))
		collect(s, group);
	s->streaming = level >= group->collected;
	if (s->streaming)
		begin_count(s, group, level + 1);
	else
	{
		s->rows = group->items + group->at;
		s->nrows = (int) group->nrows[level];
		s->at = 0;
		group->at += s->nrows;
		group->level++;
	}
}

/*
 * Make sure that a row is at hand.  Returns false if there is none that is
 * wanted.
 */
static bool
find_rows(InvertedSource *s)
{
	while (s->at == s->nrows)
	{
		if (s->current == NULL)
		{
			SizeGroup	   *group;

			if (pairingheap_is_empty(&s->queue))
				return false;
			group = (SizeGroup *) pairingheap_first(&s->queue);
			if (!wanted(s, group->key))
				return false;
			pairingheap_remove_first(&s->queue);
			s->current = group;
			begin_level(s, group);
		}
		else if (!s->streaming || !stream(s))
		{
			s->current->level += s->streaming;
			queue_group(s, s->current);
			s->current = NULL;
		}
	}
	return wanted(s, s->key);
}

/* ---------- pending rows ---------- */

/*
 * Prepare to look tokens up in the query's.
 */
static void
hash_query(InvertedSource *s)
{
	int			size = 64;

	while (size < 8 * s->query.n)
		size *= 2;
	s->slots = palloc0(sizeof(uint32) * size);	/* MM_TOKEN_ALL is no token */
	s->mask = size - 1;
	for (int i = 0; i < s->query.n; i++)
	{
		uint32		slot = s->query.tokens[i] & s->mask;

		while (s->slots[slot] != 0 && s->slots[slot] != s->query.tokens[i])
			slot = (slot + 1) & s->mask;
		s->slots[slot] = s->query.tokens[i];
	}
}

static void
add_pending(const MMPendingRow *row, void *state)
{
	InvertedSource *s = state;
	int			shared = 0;

	for (uint32 i = 0; i < row->n; i++)
	{
		uint32		slot = row->tokens[i] & s->mask;

		while (s->slots[slot] != 0 && s->slots[slot] != row->tokens[i])
			slot = (slot + 1) & s->mask;
		shared += s->slots[slot] != 0;
	}
	if (s->npending == s->pending_room)
	{
		s->pending_room = Max(s->pending_room * 2, 1024);
		s->pending = s->pending == NULL ? palloc(sizeof(PendingItem) * s->pending_room) :
			repalloc_huge(s->pending, sizeof(PendingItem) * s->pending_room);
	}
	s->pending[s->npending++] = (PendingItem) {
		.place = (MMPlace) row->block << MM_OFFSET_BITS | (row->offset - 1),
		.size_class = row->size_class,
		.shared = shared,
	};
}

/*
 * Make groups of the pending rows.
 */
static void
group_pending(InvertedSource *s)
{
	int		   *counts = palloc0(sizeof(int) * (MM_SIZE_CLASSES + 1));
	Row		   *rows = palloc(sizeof(Row) * Max(s->npending, 1));

	for (int i = 0; i < s->npending; i++)
		counts[s->pending[i].size_class + 1]++;
	for (int i = 0; i < MM_SIZE_CLASSES; i++)
		counts[i + 1] += counts[i];
	for (int i = 0; i < s->npending; i++)
	{
		const PendingItem *item = &s->pending[i];
		const Levels *levels = levels_of(s, item->size_class);

		rows[counts[item->size_class]++] = (Row) {
			.place = item->place,
			.level = levels->of_shared[Min(item->shared, counted_tokens(s, item->size_class))],
		};
	}
	/* Each count is now the end of its class. */
	for (int i = 0, start = 0; i < MM_SIZE_CLASSES; start = counts[i++])
	{
		const Levels *levels;
		SizeGroup	   *group;

		if (counts[i] == start ||
			(s->source.bounding->only_nulls && i != MM_CLASS_NULL))
			continue;
		levels = levels_of(s, i);
		group = palloc0(sizeof(SizeGroup));
		group->size_class = i;
		group->collected = group->counted = levels->n;
		group->nrows = palloc0(sizeof(int64) * levels->n);
		for (int j = start; j < counts[i]; j++)
			group->nrows[rows[j].level]++;
		keep_rows(s, group, rows + start, counts[i] - start, levels->n);
		queue_group(s, group);
	}
	pfree(rows);
	pfree(counts);
}

/* ---------- the source ---------- */

static void
count_stats(InvertedSource *s)
{
	MMSearchStats *stats = s->source.stats;

	stats->postings_pages += s->counter.pages;
	stats->postings += s->counter.postings;
	s->counter.pages = s->counter.postings = 0;
	stats->peak_memory = Max(stats->peak_memory, MemoryContextMemAllocated(s->context, false));
}

static bool
inverted_begin(MMSource *source)
{
	InvertedSource *s = (InvertedSource *) source;
	const MMBounding *bounding = source->bounding;
	MemoryContext old = MemoryContextSwitchTo(s->context);
	int			distinct = 0;

	mm_inverted_tokens(&s->inv, bounding->asked[s->term].value, false, &s->query);
	for (int i = 0; i < s->query.n; i++)
		if (i == 0 || s->query.tokens[i] != s->query.tokens[distinct - 1])
			s->query.tokens[distinct++] = s->query.tokens[i];
	s->repeated = distinct < s->query.n;
	s->query.n = distinct;
	mm_counter_init(&s->counter, &s->inv, s->query.n);
	s->home = mm_home_read(&s->inv);
	for (int r = 0; r < s->home->nruns; r++)
		for (int i = 0; i < MM_SIZE_CLASSES; i++)
		{
			SizeGroup	   *group;
			float		key;

			if (!mm_run_has_class(&s->home->runs[r], i) ||
				(bounding->only_nulls && i != MM_CLASS_NULL))
				continue;
			key = first_key(s, i);
			if (!wanted(s, key))
				continue;
			group = palloc0(sizeof(SizeGroup));
			group->run = &s->home->runs[r];
			group->size_class = i;
			group->key = key;
			pairingheap_add(&s->queue, &group->node);
		}
	hash_query(s);
	mm_chain_read(&s->inv, &s->home->sealed, add_pending, s);
	mm_chain_read(&s->inv, &s->home->pending, add_pending, s);
	group_pending(s);
	source->stats->postings_pages += s->home->sealed.pages + s->home->pending.pages;
	MemoryContextSwitchTo(old);
	return true;
}

static void
make_candidate(const InvertedSource *s, MMPlace place, float key, MMCandidate *candidate)
{
	mm_row_of_place(s->inv.index, place, &candidate->tid);
	candidate->is_null = key == MM_KEY_NULL;
	candidate->lower = key;
	candidate->upper = get_float8_infinity();
}

static bool
inverted_next(MMSource *source, bool needed, MMCandidate *candidate)
{
	InvertedSource *s = (InvertedSource *) source;

	if (s->at == s->nrows)
	{
		MemoryContext old;

		if (!needed)
			return false;
		old = MemoryContextSwitchTo(s->context);
		(void) find_rows(s);
		count_stats(s);
		MemoryContextSwitchTo(old);
	}
	if (s->at == s->nrows || !wanted(s, s->key))
		return false;
	make_candidate(s, s->rows[s->at++].place, s->key, candidate);
	return true;
}

/*
 * Hand over all rows of a group that are wanted.
 */
static void
emit_group(InvertedSource *s, const SizeGroup *group, MMSearchEmit emit, void *state)
{
	const Levels *levels = levels_of(s, group->size_class);
	int			most = counted_tokens(s, group->size_class);
	int			end = group->level;
	MMCandidate candidate;

	while (end < levels->n && wanted(s, levels->keys[end]))
		end++;
	if (group->run == NULL)
	{
		for (int i = 0; i < group->nitems && group->items[i].level < end; i++)
		{
			make_candidate(s, group->items[i].place, levels->keys[group->items[i].level],
						   &candidate);
			emit(&candidate, state);
		}
		return;
	}
	begin_count(s, group, end);
	while (mm_counter_window(&s->counter))
		for (int i = 0; i < s->counter.ntouched; i++)
		{
			int			level;
			MMPlace		place = take_counted(s, levels, most, end == levels->n, i, &level);

			if (level >= end)
				continue;
			make_candidate(s, place, levels->keys[level], &candidate);
			emit(&candidate, state);
		}
}

static bool
inverted_all(MMSource *source, MMSearchEmit emit, void *state)
{
	InvertedSource *s = (InvertedSource *) source;

	(void) inverted_begin(source);
	while (!pairingheap_is_empty(&s->queue))
	{
		SizeGroup	   *group = (SizeGroup *) pairingheap_remove_first(&s->queue);
		MemoryContext old = MemoryContextSwitchTo(s->context);

		emit_group(s, group, emit, state);
		MemoryContextSwitchTo(old);
	}
	count_stats(s);
	return true;
}

static float
inverted_frontier(MMSource *source)
{
	InvertedSource *s = (InvertedSource *) source;

	if (s->home == NULL)
		return 0.0f;
	if (s->at < s->nrows || s->current != NULL)
		return s->key;
	return pairingheap_is_empty(&s->queue) ? get_float4_infinity() :
		((SizeGroup *) pairingheap_first(&s->queue))->key;
}

static void
inverted_end(MMSource *source)
{
}

/*
 * The number of the first term about a column whose query is a value of its
 * type; -1 if there is none.
 */
static int
find_term(const MMBounding *bounding, int column)
{
	for (int i = 0; i < bounding->nterms; i++)
		if (bounding->asked[i].column == column && bounding->asked[i].coordinates == NULL)
			return i;
	return -1;
}

bool
mm_inverted_can(const MMBounding *bounding, int column)
{
	if (find_term(bounding, column) < 0)
		return false;
	for (int i = 0; i < bounding->nterms && bounding->only_nulls; i++)
		if (bounding->asked[i].column != column && bounding->asked[i].missing == MM_MISSING_NULL)
			return false;
	return true;
}

MMSource *
mm_inverted_source_create(const MMInverted *inv, int column, MMBounding *bounding,
						  MMSearchStats *stats)
{
	static const MMSourceRoutine routine = {
		.begin = inverted_begin,
		.next = inverted_next,
		.all = inverted_all,
		.frontier = inverted_frontier,
		.end = inverted_end,
	};
	InvertedSource *s = palloc0(sizeof(InvertedSource));

	s->source = (MMSource) {
		.routine = &routine,
		.tree = {.index = inv->index},
		.bounding = bounding,
		.stats = stats,
	};
	s->inv = *inv;
	s->column = column;
	s->term = find_term(bounding, column);
	s->queue.ph_compare = compare_groups;
	s->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb inverted search",
									   ALLOCSET_DEFAULT_SIZES);
	return &s->source;
}
