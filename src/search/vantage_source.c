/*-------------------------------------------------------------------------
 *
 * vantage_source.c
 *	  Candidates from the regions of an MVP-tree, best first.
 *
 * The queue holds nodes of the skeleton (vantage.h), each with a lower bound
 * of the sums of the rows below it.  When a node's turn comes, its children
 * take its place.  When a region's turn comes, it is opened: it gets a ladder
 * (ladder.c) of its own, and goes back into the queue with the bound that the
 * ladder has reached.  From then on, its ladder goes on each time that its turn
 * comes, but no further than to the next bound of the queue.  So the trees of
 * all regions are read in one order, as if they were one tree.
 *
 * A ladder bounds with a bounding of its own, as coordinates mean something
 * else in each region.  That gets the limit of the search's bounding each time
 * before the ladder goes on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/pairingheap.h"
#include "miscadmin.h"

#include "search/ladder.h"
#include "search/vantage_source.h"

/*
 * A node of the skeleton, and what is below it, that is not done yet.
 */
typedef struct Branch
{
	pairingheap_node node;
	float		key;
	int			number;			/* of the node */
	MMSource   *ladder;			/* of a region that has been opened; or NULL */
	bool		found;			/* it has given this candidate, whose turn has not
								 * come: */
	MMCandidate candidate;
} Branch;

typedef struct VantageSource
{
	MMSource	source;
	const MMMeta *meta;
	MMSubindex	subindex;
	MMVantage  *vantage;
	int			nqueries;
	MMVantageQuery *queries;	/* of the terms that are about the column ... */
	int		   *terms;			/* ... and which terms these are */
	pairingheap queue;
	List	   *ladders;
	MemoryContext context;
} VantageSource;

static int
compare_branches(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	float		x = ((const Branch *) a)->key;
	float		y = ((const Branch *) b)->key;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void
add_branch(VantageSource *s, Branch *branch, float key)
{
	branch->key = key;
	pairingheap_add(&s->queue, &branch->node);
}

/*
 * The key of the rows below a node.  If only sums that are NULL are wanted,
 * nothing orders them, and NaN stands for a node that has none.
 */
static float
node_key(const VantageSource *s, int number)
{
	const MMBounding *b = s->source.bounding;
	bool		has_nulls = mm_vantage_has_nulls(s->vantage, number);
	float		key = 0.0f;

	if (b->only_nulls)
		return has_nulls || (b->null_sums & ~(UINT32_C(1) << s->subindex.column)) != 0 ?
			MM_KEY_NULL : get_float4_nan();
	for (int i = 0; i < s->nqueries; i++)
	{
		float		by_term = mm_bounding_term_key(b, s->terms[i], s->queries[i].lower[number]);

		key = Max(key, by_term);
	}
	return has_nulls ? Min(key, mm_bounding_null_key(b, s->subindex.column)) : key;
}

static void
add_node(VantageSource *s, int number)
{
	float		key = node_key(s, number);
	Branch	   *branch;

	if (!mm_wanted(s->source.bounding, key))
		return;
	branch = MemoryContextAllocZero(s->context, sizeof(Branch));
	branch->number = number;
	add_branch(s, branch, key);
}

static void
add_children(VantageSource *s, int number)
{
	int			first;
	int			n = mm_vantage_children(s->vantage, number, &first);

	for (int i = 0; i < s->nqueries; i++)
		mm_vantage_descend(&s->queries[i], number);
	for (int i = 0; i < n; i++)
		add_node(s, first + i);
}

/*
 * A ladder in the tree of a region.
 */
static MMSource *
make_ladder(VantageSource *s, int region)
{
	MemoryContext old = MemoryContextSwitchTo(s->context);
	MMTree		tree = mm_tree_of_region(s->source.tree.index, &s->subindex, region,
										 mm_vantage_root(s->vantage, region),
										 mm_vantage_model(s->vantage, region));
	List	   *also = NIL;
	ListCell   *lc;
	MMSource   *ladder;

	foreach(lc, s->source.also)
		also = lappend(also, mm_bounding_for(lfirst(lc), tree.model, s->meta));
	ladder = mm_ladder_create(&tree, mm_bounding_for(s->source.bounding, tree.model, s->meta),
							  also, s->source.stats);
	/* Together, they should sort within work_mem. */
	ladder->work_mem = Max(s->source.work_mem / mm_vantage_region_count(s->vantage), 64);
	s->ladders = lappend(s->ladders, ladder);
	MemoryContextSwitchTo(old);
	return ladder;
}

static void
report_untrained(const MMSource *ladder)
{
	mm_report_damage(ladder->tree.index, "Block %u, the root of a region, has no model.",
					 ladder->tree.root);
}

/*
 * Open a region, which is off the queue, and put it back.
 */
static void
open_region(VantageSource *s, Branch *branch)
{
	branch->ladder = make_ladder(s, mm_vantage_region(s->vantage, branch->number));
	if (!branch->ladder->routine->begin(branch->ladder))
		report_untrained(branch->ladder);
	add_branch(s, branch, branch->ladder->routine->frontier(branch->ladder));
}

/*
 * Let the ladder of a region, which is off the queue, go on to its next
 * candidate, or to a key above all others, and put the region back, unless it
 * is done.  If a candidate is not needed, returns false rather than let a page
 * be read for it.
 */
static bool
go_on(VantageSource *s, Branch *branch, bool needed)
{
	MMSource   *ladder = branch->ladder;
	float		key;

	ladder->most = s->source.most;
	if (!pairingheap_is_empty(&s->queue))
		ladder->most = Min(ladder->most, ((Branch *) pairingheap_first(&s->queue))->key);
	ladder->bounding->limit = s->source.bounding->limit;
	branch->found = ladder->routine->next(ladder, needed, &branch->candidate);
	if (branch->found)
	{
		add_branch(s, branch, (float) branch->candidate.lower);
		return true;
	}
	/* Infinity is also the key of sums that are NULL, which may be to come. */
	key = ladder->routine->frontier(ladder);
	if (!mm_wanted(s->source.bounding, key) || (needed && isinf(ladder->most)))
	{
		pfree(branch);
		return true;
	}
	add_branch(s, branch, key);
	return needed || key > ladder->most;
}

/* ---------- the source ---------- */

static bool
vantage_begin(MMSource *source)
{
	add_node((VantageSource *) source, 0);
	return true;
}

static bool
vantage_next(MMSource *source, bool needed, MMCandidate *candidate)
{
	VantageSource *s = (VantageSource *) source;

	while (!pairingheap_is_empty(&s->queue))
	{
		Branch	   *branch = (Branch *) pairingheap_first(&s->queue);

		CHECK_FOR_INTERRUPTS();
		if (!mm_wanted(source->bounding, branch->key) || branch->key > source->most)
			return false;
		if (branch->ladder == NULL && !needed && mm_vantage_region(s->vantage, branch->number) >= 0)
			return false;
		pairingheap_remove_first(&s->queue);
		if (branch->found)
		{
			*candidate = branch->candidate;
			branch->found = false;
			add_branch(s, branch, Max(branch->ladder->routine->frontier(branch->ladder), branch->key));
			return true;
		}
		if (branch->ladder != NULL)
		{
			if (!go_on(s, branch, needed))
				return false;
		}
		else if (mm_vantage_region(s->vantage, branch->number) >= 0)
			open_region(s, branch);
		else
		{
			add_children(s, branch->number);
			pfree(branch);
		}
	}
	return false;
}

static bool
vantage_all(MMSource *source, MMSearchEmit emit, void *state)
{
	VantageSource *s = (VantageSource *) source;

	add_node(s, 0);
	while (!pairingheap_is_empty(&s->queue))
	{
		Branch	   *branch = (Branch *) pairingheap_remove_first(&s->queue);
		int			region = mm_vantage_region(s->vantage, branch->number);
		MMSource   *ladder;

		if (!mm_wanted(source->bounding, branch->key))
			break;
		if (region < 0)
		{
			add_children(s, branch->number);
			continue;
		}
		ladder = make_ladder(s, region);
		if (!ladder->routine->all(ladder, emit, state))
			report_untrained(ladder);
	}
	return true;
}

static float
vantage_frontier(MMSource *source)
{
	VantageSource *s = (VantageSource *) source;

	return pairingheap_is_empty(&s->queue) ? get_float4_infinity() :
		((Branch *) pairingheap_first(&s->queue))->key;
}

static void
vantage_end(MMSource *source)
{
	ListCell   *lc;

	foreach(lc, ((VantageSource *) source)->ladders)
	{
		MMSource   *ladder = lfirst(lc);

		ladder->routine->end(ladder);
	}
}

MMSource *
mm_vantage_source_create(Relation index, const MMMeta *meta, const MMSubindex *subindex,
						 MMVantage *vantage, MMBounding *bounding, List *also, MMSearchStats *stats)
{
	static const MMSourceRoutine routine = {
		.begin = vantage_begin,
		.next = vantage_next,
		.all = vantage_all,
		.frontier = vantage_frontier,
		.end = vantage_end,
	};
	VantageSource *s = palloc0(sizeof(VantageSource));

	s->source = (MMSource) {
		.routine = &routine,
		.tree = {.index = index, .root = InvalidBlockNumber},
		.bounding = bounding,
		.also = also,
		.stats = stats,
		.most = get_float4_infinity(),
		.work_mem = work_mem,
	};
	s->meta = meta;
	s->subindex = *subindex;
	s->vantage = vantage;
	s->context = CurrentMemoryContext;
	s->queue.ph_compare = compare_branches;
	s->queries = palloc(sizeof(MMVantageQuery) * Max(bounding->nterms, 1));
	s->terms = palloc(sizeof(int) * Max(bounding->nterms, 1));
	for (int i = 0; i < bounding->nterms; i++)
	{
		const MMTerm *term = &bounding->asked[i];

		/* A value that does not fit, or of another type, has no distances here. */
		if (term->column != subindex->column || !bounding->terms[i].fits || term->coordinates != NULL)
			continue;
		mm_vantage_query(&s->queries[s->nqueries], vantage, term->value);
		s->terms[s->nqueries++] = i;
	}
	return &s->source;
}
