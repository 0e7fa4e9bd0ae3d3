/*-------------------------------------------------------------------------
 *
 * subindexes.c
 *	  The view mmdb.subindexes.
 *
 * Whoever may see the statistics of a column sees what a trial has measured of
 * its sub-index (rights.c).  That there is one is no secret.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/open.h"
#include "index/rights.h"
#include "inverted/inverted.h"
#include "tree/tree.h"

PG_FUNCTION_INFO_V1(mm_subindexes);

#define RESULT_COLUMNS	12

/* What a sub-index has in the relation. */
typedef struct Content
{
	int64		pages;
	int64		entries;
} Content;

/*
 * Count the pages and entries of all trees, by their numbers.
 */
static void
count_contents(Relation index, int ntrees, Content *contents)
{
	BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
	BlockNumber nblocks = RelationGetNumberOfBlocks(index);

	memset(contents, 0, sizeof(Content) * ntrees);
	for (BlockNumber block = MM_META_BLOCK + 1; block < nblocks; block++)
	{
		Buffer		buffer;
		Page		page;

		CHECK_FOR_INTERRUPTS();
		buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		page = BufferGetPage(buffer);
		if (!PageIsNew(page) && mm_page_is(page, MM_PAGE_NODE) &&
			MMPageGetSpecial(page)->tree < ntrees)
		{
			Content    *content = &contents[MMPageGetSpecial(page)->tree];

			content->pages++;
			if (MMPageGetSpecial(page)->level == 0)
				content->entries += MMPageGetSpecial(page)->n;
		}
		UnlockReleaseBuffer(buffer);
	}
}

static void
set_work(Datum *values, bool *isnull, int first, const MMWork *work, bool known)
{
	values[first] = Float4GetDatum(work->pages);
	values[first + 1] = Float4GetDatum(work->entries);
	values[first + 2] = Float4GetDatum(work->candidates);
	for (int i = first; i < first + 3; i++)
		isnull[i] = !known;
}

static void
put_row(ReturnSetInfo *rsinfo, const MMColumns *columns, const MMSubindex *subindex,
		const Content *content)
{
	Datum		values[RESULT_COLUMNS];
	bool		isnull[RESULT_COLUMNS] = {false};
	bool		visible = mm_statistics_visible(columns, subindex->column);
	int			i = 0;

	values[i++] = Int32GetDatum(subindex->column + 1);
	values[i++] = CStringGetTextDatum(columns->columns[subindex->column].name);
	values[i++] = CStringGetTextDatum(mm_subindex_kind_name(subindex->kind));
	values[i++] = CStringGetTextDatum(subindex->measured ? "measured" : "asked for");
	values[i++] = Int64GetDatum(content->pages);
	values[i++] = Int64GetDatum(content->entries);
	set_work(values, isnull, i, &subindex->work, subindex->measured && visible);
	set_work(values, isnull, i + 3, &subindex->shared_work, subindex->measured && visible);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
}

/*
 * mmdb.subindexes_of(regclass): one row for each sub-index of an index, or none
 * if the index is gone, partitioned, or of another format.
 */
Datum
mm_subindexes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	index;
	MMMeta	   *meta;

	InitMaterializedSRF(fcinfo, 0);
	index = mm_index_open(PG_GETARG_OID(0), true);
	if (index == NULL)
		return (Datum) 0;
	meta = index->rd_rel->relkind == RELKIND_INDEX ? mm_meta_try(index) : NULL;
	if (meta != NULL && BlockNumberIsValid(meta->model))
	{
		MMColumns  *columns = mm_columns_open(index);
		MMForest	forest;
		int			ntrees = 1;
		Content    *contents;

		const void *stored = mm_meta_model(index, meta);

		/* Reading may make the cache forget it. */
		stored = memcpy(palloc(meta->model_size), stored, meta->model_size);
		mm_forest_open(index, meta, stored, &forest);
		for (int i = 0; i < forest.n; i++)
			ntrees += forest.of[i]->ntrees;
		contents = palloc(sizeof(Content) * ntrees);
		count_contents(index, ntrees, contents);
		for (int i = 0; i < forest.n; i++)
		{
			Content		content = {0};

			for (int t = 0; t < forest.of[i]->ntrees; t++)
			{
				content.pages += contents[forest.of[i]->tree + t].pages;
				content.entries += contents[forest.of[i]->tree + t].entries;
			}

			if (forest.of[i]->kind == MM_SUBINDEX_INVERTED)
			{
				MMInverted	inverted = mm_inverted_of_subindex(index, columns, forest.of[i]);

				mm_inverted_counts(&inverted, &content.pages, &content.entries);
			}
			put_row(rsinfo, columns, forest.of[i], &content);
		}
	}
	relation_close(index, AccessShareLock);
	return (Datum) 0;
}
