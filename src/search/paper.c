/*-------------------------------------------------------------------------
 *
 * paper.c
 *	  The search algorithm of the OneDB paper, to compare with; see paper.h.
 *
 * OneDB finds the k nearest in two phases (section VI).  First it takes the
 * partition that is nearest to the query, here a leaf of the shared tree, and
 * the k-th distance there is a radius.  Then it finds all rows within this
 * radius: the weighted sum of a row's distances can only be so small if, for
 * some metric, the distance is at most the radius over the sum of all weights
 * (Lemma VI.2).  So each metric's own index is asked for that.  All rows found
 * are verified, in no order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "search/paper.h"

typedef struct FoundRow
{
	uint64		place;
	char		status;
} FoundRow;

#define SH_PREFIX			found
#define SH_ELEMENT_TYPE		FoundRow
#define SH_KEY_TYPE			uint64
#define SH_KEY				place
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) (key) ^ (uint32) ((key) >> 29))
#define SH_EQUAL(tb, a, b)	((a) == (b))
#define SH_SCOPE			static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct Paper
{
	MMSource	source;
	MMPaperMetric *metrics;
	int			n;
	bool		second;			/* the second phase has begun */
	bool		ended;
	found_hash *found;
	uint64	   *rows;			/* found, of which the first have been returned */
	int64		nrows;
	int64		room;
	int64		returned;
} Paper;

static void
add_row(Paper *paper, uint64 place)
{
	bool		known;

	(void) found_insert(paper->found, place, &known);
	if (known)
		return;
	if (paper->nrows == paper->room)
	{
		paper->room *= 2;
		paper->rows = repalloc_huge(paper->rows, sizeof(uint64) * paper->room);
	}
	paper->rows[paper->nrows++] = place;
}

/*
 * The first phase: the rows of the leaf that one comes to by taking the nearest
 * box at each level.  Nothing depends on their being found.
 */
static void
read_nearest_leaf(Paper *paper)
{
	const MMTree *tree = &paper->source.tree;
	MMBounding *b = paper->source.bounding;
	BlockNumber block = tree->root;

	for (int level = MM_MAX_LEVELS; level > 0;)
	{
		Buffer		buffer = mm_page_read(tree->index, block, BUFFER_LOCK_SHARE, 0, NULL);
		Page		page = BufferGetPage(buffer);
		const MMPageSpecial *special = MMPageGetSpecial(page);
		int			least = 0;

		/* It may be used for something else by now. */
		if (special->kind != MM_PAGE_NODE || special->tree != tree->number ||
			special->level >= level)
		{
			UnlockReleaseBuffer(buffer);
			return;
		}
		mm_tree_check_node(tree, buffer, -1);
		level = special->level;
		if (level > 0)
		{
			paper->source.stats->inner_pages++;
			mm_bound_inner(b, page, special->n);
			for (int i = 1; i < special->n; i++)
				if (b->totals[i] < b->totals[least])
					least = i;
			block = mm_page_words(page, 0)[least];
		}
		else
		{
			paper->source.stats->leaf_pages++;
			paper->source.stats->bounded += special->n;
			for (int i = 0; i < special->n; i++)
			{
				ItemPointerData tid;

				mm_entry_place(tree->index, mm_page_words(page, 0)[i], mm_page_words(page, 1)[i], &tid);
				add_row(paper, mm_place_number(&tid));
			}
		}
		UnlockReleaseBuffer(buffer);
	}
}

static void
add_candidate(const MMCandidate *candidate, void *state)
{
	add_row(state, mm_place_number(&candidate->tid));
}

/*
 * The second phase: the rows that are near enough in some metric.
 */
static void
search_metrics(Paper *paper)
{
	double		radius = Min(paper->source.bounding->limit, FLT_MAX);

	paper->second = true;
	for (int i = 0; i < paper->n; i++)
	{
		MMSource   *source = paper->metrics[i].source;

		/*
		 * Rounding must not take away anything.  Without a radius, rows are wanted
		 * that are infinitely far away by all metrics.
		 */
		mm_bounding_limit(source->bounding, radius == FLT_MAX ? FLT_MAX :
						  radius * paper->metrics[i].part * (1 + 1e-6), false);
		(void) source->routine->all(source, add_candidate, paper);
	}
}

/* ---------- as a source ---------- */

static bool
paper_begin(MMSource *source)
{
	read_nearest_leaf((Paper *) source);
	return true;
}

static bool
paper_next(MMSource *source, bool needed, MMCandidate *candidate)
{
	Paper	   *paper = (Paper *) source;

	CHECK_FOR_INTERRUPTS();
	if (paper->returned == paper->nrows && !paper->second)
	{
		if (!needed)
			return false;
		search_metrics(paper);
	}
	if (paper->returned == paper->nrows)
	{
		paper->ended = true;
		return false;
	}
	mm_number_place(paper->rows[paper->returned++], &candidate->tid);
	candidate->lower = 0.0;
	candidate->upper = get_float8_infinity();
	candidate->is_null = false;
	return true;
}

static float
paper_frontier(MMSource *source)
{
	return ((Paper *) source)->ended ? get_float4_infinity() : 0.0f;
}

static bool
paper_all(MMSource *source, MMSearchEmit emit, void *state)
{
	Paper	   *paper = (Paper *) source;
	MMCandidate candidate;

	search_metrics(paper);
	while (paper_next(source, true, &candidate))
		emit(&candidate, state);
	return true;
}

static void
paper_end(MMSource *source)
{
	Paper	   *paper = (Paper *) source;

	for (int i = 0; i < paper->n; i++)
		paper->metrics[i].source->routine->end(paper->metrics[i].source);
}

MMSource *
mm_paper_create(const MMTree *shared, MMBounding *bounding, MMPaperMetric *metrics, int n,
				MMSearchStats *stats)
{
	static const MMSourceRoutine routine = {
		.begin = paper_begin,
		.next = paper_next,
		.frontier = paper_frontier,
		.all = paper_all,
		.end = paper_end,
	};
	Paper	   *paper = palloc0(sizeof(Paper));

	paper->source = (MMSource) {
		.routine = &routine,
		.tree = *shared,
		.bounding = bounding,
		.stats = stats,
	};
	paper->metrics = metrics;
	paper->n = n;
	paper->found = found_create(CurrentMemoryContext, 256, NULL);
	paper->room = 256;
	paper->rows = palloc(sizeof(uint64) * paper->room);
	return &paper->source;
}
