/*-------------------------------------------------------------------------
 *
 * tree.c
 *	  What all code that deals with trees has in common.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/rel.h"

#include "model/vantage.h"
#include "tree/tree.h"

MMTree *
mm_trees_open(Relation index, const MMMeta *meta, int *n)
{
	const void *stored = mm_meta_model(index, meta);
	MMForest	forest;
	MMTree	   *trees;
	int			total = 1;

	mm_forest_open(index, meta, stored, &forest);
	for (int i = 0; i < forest.n; i++)
		total += forest.of[i]->ntrees;
	trees = palloc(sizeof(MMTree) * total);
	trees[0] = mm_tree_of_columns(index, mm_model_open_tree(meta->ncolumns, &meta->shared, stored));
	*n = 1;
	for (int i = 0; i < forest.n; i++)
	{
		const MMSubindex *subindex = forest.of[i];
		MMModel    *model;
		BlockNumber *roots;
		int			nregions;

		if (subindex->ntrees == 0)
			continue;
		model = mm_model_open_tree(meta->ncolumns, &subindex->shape, mm_subindex_model(subindex));
		if (subindex->kind != MM_SUBINDEX_MVP)
		{
			trees[(*n)++] = mm_tree_of_subindex(index, subindex, model);
			continue;
		}
		mm_vantage_fit(model, subindex->column, mm_subindex_skeleton(subindex));
		roots = mm_vantage_roots(mm_subindex_skeleton(subindex), &nregions);
		for (int region = 0; region < subindex->ntrees; region++)
			trees[(*n)++] = mm_tree_of_region(index, subindex, region, roots[region], model);
	}
	return trees;
}

void
mm_tree_check_node(const MMTree *tree, Buffer buffer, int level)
{
	Relation	index = tree->index;
	bool		trained = tree->model->trained;
	BlockNumber block = BufferGetBlockNumber(buffer);
	Page		page = BufferGetPage(buffer);
	MMPageSpecial *special;

	mm_page_check(index, buffer, 0);
	special = MMPageGetSpecial(page);
	if (special->kind != MM_PAGE_NODE && special->kind != MM_PAGE_DELETED)
		mm_report_damage(index, "Block %u is of kind %d, not a node.", block, special->kind);
	if (special->tree != tree->number)
		mm_report_damage(index, "Block %u is a node of tree %d, not of tree %d.", block,
						 special->tree, tree->number);
	if (special->level >= MM_MAX_LEVELS ||
		(level >= 0 && special->level != level))
		mm_report_damage(index, "Block %u is a node of level %d.", block, special->level);
	if (trained != ((special->flags & MM_PAGE_UNTRAINED) == 0) ||
		(!trained && (block != tree->root || special->level > 0)))
		mm_report_damage(index, "Block %u does not fit the metadata.", block);
	if (!mm_page_room_fits(page, mm_tree_shape(tree, special->level)))
		mm_report_damage(index, "Block %u has room for %d entries, which is not where it ends.",
						 block, special->room);
	if (special->n > special->room || special->before > special->n)
		mm_report_damage(index, "Block %u has %d entries, more than fit.", block,
						 Max(special->n, special->before));
	/* VACUUM leaves at least one entry in an inner node. */
	if (special->level > 0 && special->n == 0)
		mm_report_damage(index, "Block %u, an inner node, has no entries.", block);
}

void
mm_tree_fill_root(const MMTree *tree, Page page, MMEntry *entries, int64 n, int level)
{
	const MMShape *shape = mm_tree_shape(tree, level);

	mm_tree_init_node(tree, page, level);
	if (!tree->model->trained)
		MMPageGetSpecial(page)->flags = MM_PAGE_UNTRAINED;
	mm_page_make_room(page, shape, (int) n);
	for (int64 i = 0; i < n; i++)
		mm_page_add(page, shape, entries[i]);
}
