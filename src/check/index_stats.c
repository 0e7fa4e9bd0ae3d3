/*-------------------------------------------------------------------------
 *
 * index_stats.c
 *	  mmdb_index_stats: how large an index is, how full, and how good its tree.
 *
 * All pages are read in the order of the file, one at a time under a share
 * lock.  Changes go on in the meantime, so the figures are not those of one
 * instant.  Pages with links to leaves are read a second time, to count the
 * boxes that contain the centres of some of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/random.h"
#include "compat.h"
#include "index/open.h"
#include "index/rights.h"
#include "tree/box.h"
#include "tree/tree.h"

PG_FUNCTION_INFO_V1(mmdb_index_stats);

/* The number of boxes whose centres are looked for. */
#define MOST_CENTRES	500

typedef struct IndexStats
{
	Relation	index;
	MMMeta	   *meta;
	MMTree		tree;
	BufferAccessStrategy strategy;
	int64		model_pages;
	int64		inner_pages;
	int64		leaf_pages;
	int64		free_pages;
	int64		subindex_pages;
	int64		entries;
	int64		downlinks;		/* entries of inner nodes */
	int			height;
	int64		boxes;			/* of leaves */
	MMEntry		centres[MOST_CENTRES];	/* a sample of them */
	int			ncentres;
	int64		found;			/* boxes that contain one, for all of them */
	MMRandom	random;
} IndexStats;

/*
 * Does a node have the shape that we expect?  It does not if the index gets a
 * model while we look, or if a failed training has left it behind.
 */
static bool
fits_model(const IndexStats *stats, Page page)
{
	return ((MMPageGetSpecial(page)->flags & MM_PAGE_UNTRAINED) == 0) == stats->tree.model->trained;
}

/*
 * Copy a page.  Returns false if it is empty.
 */
static bool
read_page(IndexStats *stats, BlockNumber block, Page copy)
{
	Buffer		buffer;
	bool		is_new;

	CHECK_FOR_INTERRUPTS();
	buffer = ReadBufferExtended(stats->index, MAIN_FORKNUM, block, RBM_NORMAL, stats->strategy);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	is_new = PageIsNew(BufferGetPage(buffer));
	if (!is_new)
	{
		mm_page_check(stats->index, buffer, 0);
		if (MMPageGetSpecial(BufferGetPage(buffer))->kind == MM_PAGE_NODE &&
			MMPageGetSpecial(BufferGetPage(buffer))->tree == 0 &&
			fits_model(stats, BufferGetPage(buffer)))
			mm_tree_check_node(&stats->tree, buffer, -1);
		memcpy(copy, BufferGetPage(buffer), BLCKSZ);
	}
	UnlockReleaseBuffer(buffer);
	return !is_new;
}

/*
 * Keep a uniform sample of the boxes of leaves.
 */
static void
sample_box(IndexStats *stats, const uint32 *box)
{
	int64		slot = stats->boxes++;

	if (slot >= MOST_CENTRES)
		slot = mm_random_below(&stats->random, stats->boxes);
	if (slot >= MOST_CENTRES)
		return;
	if (slot == stats->ncentres)
		stats->centres[stats->ncentres++] = palloc(stats->tree.model->inner.size);
	memcpy(stats->centres[slot], box, stats->tree.model->inner.size);
}

static void
count_page(IndexStats *stats, BlockNumber block, Page page)
{
	MMPageSpecial *special = MMPageGetSpecial(page);

	switch (special->kind)
	{
		case MM_PAGE_MODEL:
			stats->model_pages++;
			break;
		case MM_PAGE_DELETED:
			stats->free_pages++;
			break;
		case MM_PAGE_POSTINGS:
		case MM_PAGE_DIRECTORY:
		case MM_PAGE_PENDING:
		case MM_PAGE_HOME:
			stats->subindex_pages++;
			break;
		case MM_PAGE_NODE:
			if (!fits_model(stats, page))
			{
				stats->free_pages++;
				break;
			}
			if (special->tree > 0)
			{
				stats->subindex_pages++;
				break;
			}
			if (block == stats->tree.root)
				stats->height = special->level + 1;
			if (special->level == 0)
			{
				stats->leaf_pages++;
				stats->entries += special->n;
				break;
			}
			stats->inner_pages++;
			stats->downlinks += special->n;
			if (special->level == 1)
			{
				MMEntry		box = palloc(stats->tree.model->inner.size);

				for (int i = 0; i < special->n; i++)
				{
					mm_page_get(page, &stats->tree.model->inner, i, box);
					sample_box(stats, box);
				}
				pfree(box);
			}
			break;
		default:
			break;
	}
}

/*
 * Make a box a point: its centre in the columns in which it has values, and
 * NULL in the others.
 */
static void
shrink_to_centre(const MMModel *model, MMEntry box)
{
	float	   *lo = MMEntryFloats(box);
	float	   *hi = lo + model->ncoordinates;

	box[1] &= ~box[2];
	for (int c = 0; c < model->ncoordinates; c++)
		if (box[2] & (UINT32_C(1) << model->column_of[c]))
			lo[c] = hi[c] = 0.5f * lo[c] + 0.5f * hi[c];
}

/*
 * Count the boxes in a page that contain a centre.
 */
static void
find_centres(IndexStats *stats, Page page)
{
	MMEntry		box = palloc(stats->tree.model->inner.size);

	for (int i = 0; i < MMPageGetSpecial(page)->n; i++)
	{
		mm_page_get(page, &stats->tree.model->inner, i, box);
		for (int c = 0; c < stats->ncentres; c++)
			stats->found += mm_box_covers(stats->tree.model, box, stats->centres[c]);
	}
	pfree(box);
}

/*
 * Read the whole index.
 */
static void
collect(IndexStats *stats, Relation index)
{
	Page		page = palloc(BLCKSZ);
	BlockNumber nblocks;

	memset(stats, 0, sizeof(IndexStats));
	stats->index = index;
	stats->random.seed = 3;
	stats->strategy = GetAccessStrategy(BAS_BULKREAD);
	stats->meta = mm_meta_read(index, 0);
	nblocks = RelationGetNumberOfBlocks(index);
	stats->tree = mm_tree_of_columns(index, mm_model_open_tree(stats->meta->ncolumns,
															   &stats->meta->shared,
															   mm_meta_model(index, stats->meta)));
	for (BlockNumber block = MM_META_BLOCK + 1; block < nblocks; block++)
		if (read_page(stats, block, page))
			count_page(stats, block, page);
		else
			stats->free_pages++;
	for (int c = 0; c < stats->ncentres; c++)
		shrink_to_centre(stats->tree.model, stats->centres[c]);
	for (BlockNumber block = MM_META_BLOCK + 1; stats->ncentres > 0 && block < nblocks; block++)
		if (read_page(stats, block, page) && MMPageGetSpecial(page)->kind == MM_PAGE_NODE &&
			MMPageGetSpecial(page)->level == 1 && MMPageGetSpecial(page)->tree == 0)
			find_centres(stats, page);
	pfree(page);
}

/*
 * The row to return.
 */
static HeapTuple
make_row(const IndexStats *stats, TupleDesc desc)
{
	const MMMeta *meta = stats->meta;
	const MMShape *leaf = &stats->tree.model->leaf;
	const MMShape *inner = &stats->tree.model->inner;
	Datum		values[17];
	bool		isnull[17] = {false};
	int			i = 0;
	double		bytes = (double) RelationGetNumberOfBlocks(stats->index) * BLCKSZ;

	values[i++] = Int64GetDatum(1);
	values[i++] = Int64GetDatum(stats->model_pages);
	values[i++] = Int64GetDatum(stats->inner_pages);
	values[i++] = Int64GetDatum(stats->leaf_pages);
	values[i++] = Int64GetDatum(stats->subindex_pages);
	values[i++] = Int64GetDatum(stats->free_pages);
	values[i++] = Int32GetDatum(stats->height);
	values[i++] = Int64GetDatum(stats->entries);
	isnull[i] = stats->leaf_pages == 0;
	values[i++] = Float8GetDatum(100.0 * stats->entries / ((double) stats->leaf_pages * leaf->capacity));
	isnull[i] = stats->inner_pages == 0;
	values[i++] = Float8GetDatum(100.0 * stats->downlinks / ((double) stats->inner_pages * inner->capacity));
	isnull[i] = stats->ncentres == 0;
	values[i++] = Float8GetDatum((double) stats->found / stats->ncentres);
	isnull[i] = stats->entries == 0;
	values[i++] = Float8GetDatum(bytes / stats->entries);
	values[i++] = Int32GetDatum(leaf->capacity);
	values[i++] = Int32GetDatum(meta->shared.ncoordinates);
	values[i++] = Int32GetDatum(meta->shared.sketch_words * (int) sizeof(uint32) +
								meta->shared.sketch_bytes);
	values[i++] = BoolGetDatum(stats->tree.model->trained);
	values[i++] = Int64GetDatum((int64) meta->splits);
	Assert(i == desc->natts);
	return heap_form_tuple(desc, values, isnull);
}

Datum
mmdb_index_stats(PG_FUNCTION_ARGS)
{
	Relation	index = mm_index_open(PG_GETARG_OID(0), false);
	IndexStats *stats = palloc(sizeof(IndexStats));
	MMColumns  *columns = mm_columns_open(index);
	TupleDesc	desc;
	HeapTuple	tuple;

	for (int i = 0; i < columns->n; i++)
		mm_statistics_require(columns, i, NULL);
	mm_index_require_storage(index);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	/*
	 * Start over if the index has got a model in the meantime.  That happens
	 * once only.
	 */
	do
		collect(stats, index);
	while (!stats->tree.model->trained && BlockNumberIsValid(mm_meta_read(index, 0)->model));

	tuple = make_row(stats, BlessTupleDesc(desc));
	relation_close(index, AccessShareLock);
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
