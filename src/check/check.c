/*-------------------------------------------------------------------------
 *
 * check.c
 *	  mmdb_index_check: is an index what it should be?
 *
 * Of the pages, it verifies:
 *
 *	- The metadata are of this version, about as many columns as there are, and
 *	  plausible.  The model's chain has as many pages as its size takes, its
 *	  checksum is right, and entries have the shape that the model gives them.
 *	- Every node that is reached from the root has a valid special area and no
 *	  more entries than fit.  Its level is one below its parent's.  It was
 *	  neither born nor split later than the count of splits says (except that a
 *	  page is born one ahead of it).  It is reached once.
 *	- Coordinates are numbers, and masks are of columns that exist.  Everything
 *	  in a node is within the box that its parent has for it, NULLs included.
 *	- A link to the right leads to a node of the same level, a free page, or
 *	  one that was made later.  The link of an incomplete split leads to the
 *	  right half.
 *	- A page that is not reached is empty, free, or left over from an
 *	  interrupted training.
 *
 * Of the rows, if it is asked to, it verifies (check_rows.c, check_bounds.c):
 *
 *	- Every row that belongs in the index has one entry.  The entry is what the
 *	  model makes of the row now, except for columns whose attribute has been
 *	  dropped.  No place has two entries.  An entry may have a place without a
 *	  row that a new snapshot sees: VACUUM has yet to remove it.
 *	- Bounds of distances hold, for some rows of some leaves: lower bounds are
 *	  not above the distance, and upper bounds not below it.
 *
 * The table is locked in ShareLock mode, as for CREATE INDEX, because a tree
 * under change has boxes that are yet to be enlarged and entries that are on
 * their way.  Whatever changes the index locks the table in a mode that
 * conflicts with this one, so AccessShareLock is enough for the index itself.
 * Searches go on.  One consequence is that indexes on a standby cannot be
 * checked there.
 *
 * Memory: a byte for each block, and a page for each level.  Entries and rows
 * go through a tuplesort within maintenance_work_mem.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "check/check.h"
#include "compat.h"
#include "index/open.h"
#include "index/owner.h"
#include "inverted/inverted.h"
#include "model/vantage.h"
#include "tree/box.h"
#include "tree/tree.h"

PG_FUNCTION_INFO_V1(mmdb_index_check);

/* The shared tree, or what trees a sub-index has. */
typedef struct CheckGroup
{
	int			column;			/* of the sub-index; -1: the shared tree */
	MMVantage  *vantage;		/* of an MVP-tree; otherwise NULL */
	int			ntrees;
	MMTree	   *trees;
} CheckGroup;

typedef struct CheckState
{
	/* These are set once. */
	Relation	index;
	MMColumns  *columns;
	MMMeta	   *meta;
	int			ngroups;
	CheckGroup	groups[1 + MM_MAX_COLUMNS]; /* the shared tree comes first */
	int			ninverted;
	MMInverted	inverted[MM_MAX_COLUMNS];
	int			inverted_columns[MM_MAX_COLUMNS];
	uint32		all_columns;	/* mask */
	BlockNumber nblocks;
	BufferAccessStrategy strategy;

	/* These change. */
	MMTree		tree;			/* that is checked now */
	MMCheckRows *rows;			/* NULL: rows are not checked */
	bool	   *reached;		/* for each block */
	BlockNumber inner_pages;
	BlockNumber leaf_pages;
	BlockNumber model_pages;
	BlockNumber incomplete;		/* splits */
	int64		entries;
} CheckState;

/* A node as its parent describes it. */
typedef struct Downlink
{
	BlockNumber block;
	int			level;			/* -1: any */
	BlockNumber parent;			/* InvalidBlockNumber: none, it is the root */
	int			entry;			/* of the parent */
	const uint32 *box;			/* NULL: of the root */
	uint64		born_after;		/* 0, or nsn of the left half of its split */
} Downlink;

static void check_node(CheckState *state, const Downlink *link);

/* ---------- pages ---------- */

/*
 * Copy a page, which may be damaged.
 */
static Page
copy_page(CheckState *state, BlockNumber block)
{
	Page		copy = palloc(BLCKSZ);
	Buffer		buffer;

	CHECK_FOR_INTERRUPTS();
	buffer = ReadBufferExtended(state->index, MAIN_FORKNUM, block, RBM_NORMAL, state->strategy);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	memcpy(copy, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	return copy;
}

/*
 * Copy a page that must be of this kind and must not have been reached before.
 */
static Page
reach_page(CheckState *state, BlockNumber block, uint16 kind)
{
	Page		page;

	if (block >= state->nblocks)
		mm_report_damage(state->index, "A link leads to block %u, but there are %u.",
						 block, state->nblocks);
	if (state->reached[block])
		mm_report_damage(state->index, "Two links lead to block %u.", block);
	state->reached[block] = true;
	page = copy_page(state, block);
	if (!mm_page_is(page, 0))
		mm_report_damage(state->index, "Block %u has no valid special area.", block);
	if (MMPageGetSpecial(page)->kind != kind)
		mm_report_damage(state->index, "Block %u is of kind %d instead of %d.",
						 block, MMPageGetSpecial(page)->kind, kind);
	return page;
}

static CheckGroup *
add_group(CheckState *state, int column, int ntrees)
{
	CheckGroup *group = &state->groups[state->ngroups++];

	*group = (CheckGroup) {
		.column = column,
		.ntrees = ntrees,
		.trees = palloc(sizeof(MMTree) * ntrees),
	};
	return group;
}

/*
 * Open the models of all trees.  stored must stay.
 */
static void
open_trees(CheckState *state, const void *stored)
{
	MMForest	forest;
	MMTree		tree;

	mm_forest_open(state->index, state->meta, stored, &forest);
	state->ngroups = 0;
	tree = mm_tree_of_columns(state->index, mm_model_open(state->columns, state->meta, stored));
	add_group(state, -1, 1)->trees[0] = tree;
	for (int i = 0; i < forest.n; i++)
	{
		const MMSubindex *subindex = forest.of[i];
		MMModel    *model;
		CheckGroup *group;

		if (subindex->kind == MM_SUBINDEX_INVERTED)
		{
			state->inverted_columns[state->ninverted] = subindex->column;
			state->inverted[state->ninverted++] =
				mm_inverted_of_subindex(state->index, state->columns, subindex);
			continue;
		}
		model = mm_model_open_part(state->columns, &subindex->shape, mm_subindex_model(subindex));
		group = add_group(state, subindex->column, subindex->ntrees);
		if (subindex->kind != MM_SUBINDEX_MVP)
		{
			group->trees[0] = mm_tree_of_subindex(state->index, subindex, model);
			continue;
		}
		group->vantage = mm_vantage_open(model, subindex->column, mm_subindex_skeleton(subindex));
		for (int region = 0; region < subindex->ntrees; region++)
			group->trees[region] = mm_tree_of_region(state->index, subindex, region,
													 mm_vantage_root(group->vantage, region),
													 mm_vantage_model(group->vantage, region));
	}
}

/*
 * Read the model page by page, and open it.
 */
static void
check_model(CheckState *state)
{
	const MMMeta *meta = state->meta;
	BlockNumber block = meta->model;
	char	   *stored;

	if (!BlockNumberIsValid(block))
	{
		open_trees(state, NULL);
		return;
	}
	stored = palloc(meta->model_size);
	for (uint32 done = 0; done < meta->model_size;)
	{
		Page		page = reach_page(state, block, MM_PAGE_MODEL);
		MMPageSpecial *special = MMPageGetSpecial(page);
		uint32		n = Min(meta->model_size - done, MM_PAGE_DATA_SIZE);

		if (special->n != n)
			mm_report_damage(state->index, "Block %u has %d bytes of the model instead of %u.",
							 block, special->n, n);
		memcpy(stored + done, PageGetContents(page), n);
		done += n;
		if (BlockNumberIsValid(special->right) != (done < meta->model_size))
			mm_report_damage(state->index, "Block %u links to block %u after %u of the model's %u bytes.",
							 block, special->right, done, meta->model_size);
		block = special->right;
		state->model_pages++;
		pfree(page);
	}
	if (mm_meta_model_crc(stored, meta->model_size) != meta->model_crc)
		mm_report_damage(state->index, "The model, from block %u on, does not match its checksum.",
						 meta->model);
	open_trees(state, stored);
}

/* ---------- the tree ---------- */

/*
 * Check the special area of a node.
 */
static void
check_special(CheckState *state, const Downlink *link, Page page)
{
	const MMPageSpecial *special = MMPageGetSpecial(page);
	Relation	index = state->index;
	BlockNumber block = link->block;
	const MMShape *shape = mm_tree_shape(&state->tree, special->level);
	uint64		splits = state->meta->splits;

	if (special->tree != state->tree.number)
		mm_report_damage(index, "Block %u is a node of tree %d, but its parent, block %u, entry %d, is of tree %d.",
						 block, special->tree, link->parent, link->entry, state->tree.number);
	if (special->level >= MM_MAX_LEVELS ||
		(link->level >= 0 && special->level != link->level))
		mm_report_damage(index, "Block %u is of level %d, but its parent, block %u, entry %d, wants level %d.",
						 block, special->level, link->parent, link->entry, link->level);
	if (((special->flags & MM_PAGE_UNTRAINED) != 0) == state->tree.model->trained ||
		(!state->tree.model->trained && special->level > 0))
		mm_report_damage(index, "Block %u does not fit the metadata, which say that there is %s model.",
						 block, state->tree.model->trained ? "a" : "no");
	if ((special->flags & ~(MM_PAGE_INCOMPLETE | MM_PAGE_UNTRAINED)) != 0)
		mm_report_damage(index, "Block %u has unknown flags: %x.", block, special->flags);
	if (!mm_page_room_fits(page, shape))
		mm_report_damage(index, "Block %u has room for %d entries, which is not where it ends.",
						 block, special->room);
	if (special->n > special->room)
		mm_report_damage(index, "Block %u has %d entries, but no more than %d fit.",
						 block, special->n, special->room);
	if (special->level > 0 && special->n == 0)
		mm_report_damage(index, "Block %u, an inner node, has no entries.", block);
	if (special->before > special->n)
		mm_report_damage(index, "Block %u has %d entries, but had %d before it was merged.",
						 block, special->n, special->before);
	if (special->nsn > splits || special->merged > splits || special->merged_before > special->merged ||
		special->born > splits + (link->born_after > 0 ? 1 : 0))
		mm_report_damage(index, "Block %u was born at split %llu, split at %llu and merged at %llu, but only %llu splits have been counted.",
						 block, (unsigned long long) special->born,
						 (unsigned long long) special->nsn,
						 (unsigned long long) special->merged, (unsigned long long) splits);
	if (link->born_after > 0 && special->born < link->born_after)
		mm_report_damage(index, "Block %u is not the right half of a split.", block);
}

/*
 * Check a link to the right.  That of an incomplete split is followed
 * elsewhere.
 */
static void
check_right(CheckState *state, BlockNumber block, const MMPageSpecial *special)
{
	Page		page;
	MMPageSpecial *right;

	if (special->right == InvalidBlockNumber)
		return;
	if (special->right >= state->nblocks || special->right == MM_META_BLOCK ||
		special->right == state->tree.root || block == state->tree.root)
		mm_report_damage(state->index, "Block %u has block %u on the right.", block, special->right);
	page = copy_page(state, special->right);
	if (!mm_page_is(page, 0))
		mm_report_damage(state->index, "Block %u has block %u on the right, which has no valid special area.",
						 block, special->right);
	right = MMPageGetSpecial(page);
	/*
	 * If the page was deleted, it may have been used again for anything but the
	 * model.  In other trees and in inverted indexes, levels and stamps tell
	 * nothing of this.
	 */
	if (right->kind != MM_PAGE_DELETED && right->tree == special->tree &&
		(right->kind != MM_PAGE_NODE || right->level != special->level) &&
		right->born <= special->nsn)
		mm_report_damage(state->index, "Block %u, of level %d, has block %u on the right, of kind %d and level %d.",
						 block, special->level, special->right, right->kind, right->level);
	pfree(page);
}

/*
 * Check the content of a leaf's entry.
 */
static void
check_row(CheckState *state, BlockNumber block, int i, const uint32 *row)
{
	const float *x = (const float *) row + MM_ENTRY_HEADER;

	if (row[0] == InvalidBlockNumber || row[1] == InvalidOffsetNumber || row[1] > MaxOffsetNumber)
		mm_report_damage(state->index, "Block %u, entry %d: (%u,%u) is no place of a row.",
						 block, i, row[0], row[1]);
	if (row[2] & ~state->all_columns)
		mm_report_damage(state->index, "Block %u, entry %d: NULLs in columns that do not exist.", block, i);
	for (int c = 0; c < state->tree.model->ncoordinates; c++)
		if (!(fabsf(x[c]) <= (float) (4 * METRIC_COORDINATE_LIMIT)))
			mm_report_damage(state->index, "Block %u, entry %d: coordinate %d is out of range.", block, i, c);
}

/*
 * Check the content of an inner node's entry.  If some entry below has a value
 * of a column, its coordinates have a least and a greatest one; otherwise they
 * are Infinity and -Infinity.
 */
static void
check_box(CheckState *state, BlockNumber block, int i, const uint32 *box)
{
	const MMModel *model = state->tree.model;
	const float *lo = (const float *) box + MM_ENTRY_HEADER;
	const float *hi = lo + model->ncoordinates;

	if ((box[1] | box[2]) & ~state->all_columns)
		mm_report_damage(state->index, "Block %u, entry %d: a box with columns that do not exist.", block, i);
	for (int c = 0; c < model->ncoordinates; c++)
	{
		bool		valid;

		if (box[2] & (UINT32_C(1) << model->column_of[c]))
			valid = lo[c] >= (float) (-4 * METRIC_COORDINATE_LIMIT) && lo[c] <= hi[c] &&
				hi[c] <= (float) (4 * METRIC_COORDINATE_LIMIT);
		else
			valid = isinf(lo[c]) && lo[c] > 0 && isinf(hi[c]) && hi[c] < 0;
		if (!valid)
			mm_report_damage(state->index, "Block %u, entry %d: the box from %.9g to %.9g in coordinate %d is not valid.",
							 block, i, lo[c], hi[c], c);
	}
}

/*
 * Check the entries of a node: their contents, and that the box in the parent
 * covers them.
 */
static void
check_entries(CheckState *state, const Downlink *link, Page page)
{
	const MMModel *model = state->tree.model;
	MMPageSpecial *special = MMPageGetSpecial(page);
	bool		leaf = special->level == 0;
	const MMShape *shape = mm_tree_shape(&state->tree, leaf ? 0 : 1);
	MMEntry		entry = palloc(INTALIGN(shape->size));
	MMEntry		box = palloc(model->inner.size);

	for (int i = 0; i < special->n; i++)
	{
		mm_page_get(page, shape, i, entry);
		if (leaf)
		{
			check_row(state, link->block, i, entry);
			mm_box_of_entry(model, entry, box);
		}
		else
			check_box(state, link->block, i, entry);
		if (link->box != NULL && !mm_box_covers(model, link->box, leaf ? box : entry))
			mm_report_damage(state->index, "Block %u, entry %d is not in the box of its parent, block %u, entry %d.",
							 link->block, i, link->parent, link->entry);
	}
	pfree(entry);
	pfree(box);
}

/*
 * Check the children of an inner node.
 */
static void
check_children(CheckState *state, BlockNumber block, Page page)
{
	const MMShape *shape = &state->tree.model->inner;
	MMPageSpecial *special = MMPageGetSpecial(page);
	MMEntry		box = palloc(shape->size);

	for (int i = 0; i < special->n; i++)
	{
		Downlink	child = {.level = special->level - 1, .parent = block, .entry = i, .box = box};

		mm_page_get(page, shape, i, box);
		child.block = box[0];
		check_node(state, &child);
	}
	pfree(box);
}

/*
 * Check a node and everything below it; and if its split is incomplete, the
 * right half as well.
 */
static void
check_node(CheckState *state, const Downlink *link)
{
	Page		page;
	MMPageSpecial *special;

	check_stack_depth();
	page = reach_page(state, link->block, MM_PAGE_NODE);
	special = MMPageGetSpecial(page);
	check_special(state, link, page);
	check_entries(state, link, page);
	if (special->level > 0)
	{
		state->inner_pages++;
		check_children(state, link->block, page);
	}
	else
	{
		state->leaf_pages++;
		state->entries += special->n;
		if (state->rows != NULL)
			mm_check_rows_leaf(state->rows, link->block, page);
	}

	if (special->flags & MM_PAGE_INCOMPLETE)
	{
		Downlink	right = *link;

		/*
		 * This is legal after a crash: the next insertion that passes here
		 * completes the split.
		 */
		ereport(DEBUG1,
				(errmsg_internal("index \"%s\": block %u is split, but its right half, block %u, has no downlink",
								 RelationGetRelationName(state->index), link->block, special->right)));
		state->incomplete++;
		if (link->box == NULL)
			mm_report_damage(state->index, "The root is marked as split.");
		right.block = special->right;
		right.level = special->level;
		right.born_after = special->nsn + 1;
		check_node(state, &right);
	}
	else
		check_right(state, link->block, special);
	pfree(page);
}

/*
 * Note a page of an inverted index.
 */
static void
reach_inverted(BlockNumber block, void *arg)
{
	CheckState *state = arg;

	if (block >= state->nblocks)
		mm_report_damage(state->index, "A link leads to block %u, but there are %u.",
						 block, state->nblocks);
	if (state->reached[block])
		mm_report_damage(state->index, "Two links lead to block %u.", block);
	state->reached[block] = true;
}

/*
 * Look at the pages that are not reached from the metadata.
 */
static void
check_unreached(CheckState *state)
{
	BlockNumber free_pages = 0;
	BlockNumber left_over = 0;

	for (BlockNumber block = 0; block < state->nblocks; block++)
	{
		Page		page;

		if (state->reached[block])
			continue;
		page = copy_page(state, block);
		if (PageIsNew(page))
			free_pages++;
		else if (!mm_page_is(page, 0))
			mm_report_damage(state->index, "Block %u, which is not in use, has no valid special area.", block);
		else if (MMPageGetSpecial(page)->kind == MM_PAGE_DELETED)
			free_pages++;
		else
			left_over++;
		pfree(page);
	}
	ereport(DEBUG1,
			(errmsg_internal("index \"%s\": %u inner nodes, %u leaves, %lld entries, %u pages of the model, %u free, %u left over, %u incomplete splits",
							 RelationGetRelationName(state->index), state->inner_pages,
							 state->leaf_pages, (long long) state->entries, state->model_pages,
							 free_pages, left_over, state->incomplete)));
}

static void
check_index(Relation index, Relation heap, bool with_rows)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb check",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	CheckState	state = {.index = index};

	state.columns = mm_columns_open(index);
	/*
	 * What the index has of dropped attributes is not verified, but nobody
	 * asks for it either.
	 */
	for (int i = 0; i < state.columns->n; i++)
		if (!state.columns->columns[i].dropped)
			mm_columns_require_metric(state.columns, i);
	state.all_columns = PG_UINT32_MAX >> (32 - state.columns->n);
	state.meta = mm_meta_read(index, state.columns->n);
	state.nblocks = RelationGetNumberOfBlocks(index);
	state.strategy = GetAccessStrategy(BAS_BULKREAD);
	state.reached = MemoryContextAllocExtended(context, sizeof(bool) * state.nblocks,
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	state.reached[MM_META_BLOCK] = true;
	check_model(&state);
	for (int g = 0; g < state.ngroups; g++)
	{
		const CheckGroup *group = &state.groups[g];

		if (with_rows)
			state.rows = mm_check_rows_begin(heap, &group->trees[0], state.columns, state.meta,
											 state.groups[0].trees[0].model, group->column,
											 group->vantage);
		for (int t = 0; t < group->ntrees; t++)
		{
			Downlink	root = {.level = -1, .parent = InvalidBlockNumber};

			state.tree = group->trees[t];
			root.block = state.tree.root;
			check_node(&state, &root);
		}
		if (with_rows)
			mm_check_rows_finish(state.rows);
	}
	for (int i = 0; i < state.ninverted; i++)
	{
		MMInvertedCheck *check = mm_inverted_check_begin(&state.inverted[i], reach_inverted, &state);

		/* A dropped column has other values in old rows than the table shows. */
		if (with_rows && !state.columns->columns[state.inverted_columns[i]].dropped)
			mm_check_inverted(heap, index, state.columns, state.inverted_columns[i], check);
	}
	check_unreached(&state);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* ---------- the function ---------- */

/*
 * mmdb_index_check(index regclass, heap boolean): raise INDEX_CORRUPTED if
 * there is reason to.
 */
Datum
mmdb_index_check(PG_FUNCTION_ARGS)
{
	Oid			oid = PG_GETARG_OID(0);
	bool		with_rows = PG_GETARG_BOOL(1);
	Oid			table = IndexGetRelation(oid, true);
	Relation	heap = NULL;
	Relation	index;
	MMAsOwner	before;

	/* Lock the table before the index, as everybody does. */
	if (OidIsValid(table) && get_rel_relkind(oid) == RELKIND_INDEX)
		heap = table_open(table, ShareLock);
	index = mm_index_open(oid, false);
	mm_index_require_storage(index);
	if (heap == NULL || index->rd_index->indrelid != table)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("could not open the table of index \"%s\"",
						RelationGetRelationName(index))));
	mm_index_require_valid(index);

	/* Expressions and distances run as the owner, as in REINDEX. */
	before = mm_as_owner(heap);
	check_index(index, heap, with_rows);
	mm_as_self(&before);

	relation_close(index, AccessShareLock);
	table_close(heap, ShareLock);
	PG_RETURN_VOID();
}
