/*-------------------------------------------------------------------------
 *
 * build_pack.c
 *	  Writing the trees of an index that is being built.
 *
 * Pages are written without WAL (build.c).  All roots exist already, as empty
 * nodes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "am/build.h"
#include "index/options.h"
#include "tree/bulk.h"

/*
 * Begin to write a tree, given by its region in an MVP-tree.
 */
static MMBulk *
begin_bulk(MMBuildTree *tree, int region)
{
	Relation	index = tree->tree.index;
	MMTree		one = tree->vantage == NULL ? tree->tree :
		mm_tree_of_region(index, &tree->subindex, region, mm_vantage_root(tree->vantage, region),
						  mm_vantage_model(tree->vantage, region));

	return mm_bulk_begin(&one, mm_options_get(index).fillfactor, false);
}

/*
 * Pack the sorted entries, one partition at a time, or as much of it as fits.
 */
static void
pack_sorted(MMBuildTree *tree, int64 entries_in_memory)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(tree->slot->tts_tupleDescriptor,
													&TTSOpsMinimalTuple);
	MMEntries  *entries = tree->lists[0];
	MMBulk	   *bulk = begin_bulk(tree, 0);
	int32		partition = -1;

	tuplesort_performsort(tree->sort);
	while (tuplesort_gettupleslot(tree->sort, true, false, slot, NULL))
	{
		bool		isnull;
		int32		next = DatumGetInt32(slot_getattr(slot, 1, &isnull));
		bytea	   *bytes = DatumGetByteaPP(slot_getattr(slot, 2, &isnull));

		if (next != partition || entries->n >= entries_in_memory)
		{
			mm_bulk_add(bulk, entries->items, entries->n);
			mm_entries_clear(entries);
			if (next != partition && tree->vantage != NULL)
			{
				mm_bulk_finish_root(bulk);
				bulk = begin_bulk(tree, next);
			}
			partition = next;
		}
		memcpy(tree->entry, VARDATA_ANY(bytes), tree->tree.model->leaf.size);
		mm_entries_add(entries, tree->entry);
		CHECK_FOR_INTERRUPTS();
	}
	mm_bulk_add(bulk, entries->items, entries->n);
	mm_bulk_finish_root(bulk);
	ExecDropSingleTupleTableSlot(slot);
	tuplesort_end(tree->sort);
	ExecDropSingleTupleTableSlot(tree->slot);
}

void
mm_build_pack(MMBuildTree *tree, int64 entries_in_memory)
{
	if (tree->sort != NULL)
		pack_sorted(tree, entries_in_memory);
	for (int i = 0; i < tree->nlists; i++)
	{
		if (tree->sort == NULL)
		{
			MMBulk	   *bulk = begin_bulk(tree, i);

			mm_bulk_add(bulk, tree->lists[i]->items, tree->lists[i]->n);
			mm_bulk_finish_root(bulk);
		}
		mm_entries_free(tree->lists[i]);
	}
}
