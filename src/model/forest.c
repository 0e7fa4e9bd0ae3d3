/*-------------------------------------------------------------------------
 *
 * forest.c
 *	  How sub-indexes are stored; see forest.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/rel.h"

#include "model/forest.h"

/* What follows the shared tree's model: this, and then each sub-index. */
typedef struct StoredForest
{
	int32		n;
} StoredForest;

static Size
stored_size(const MMSubindex *subindex)
{
	return MAXALIGN(sizeof(MMSubindex)) + MAXALIGN(subindex->shape.size) +
		MAXALIGN(subindex->vantage_size);
}

void *
mm_forest_store(MMMeta *meta, const void *shared, const MMSubindex *subindexes,
				void *const *models, void *const *skeletons, int n)
{
	StoredForest head = {.n = n};
	Size		size = meta->shared.size + MAXALIGN(sizeof(StoredForest));
	char	   *result;
	char	   *pt;

	for (int i = 0; i < n; i++)
		size += stored_size(&subindexes[i]);
	pt = result = palloc0(size);
	memcpy(pt, shared, meta->shared.size);
	pt += meta->shared.size;
	memcpy(pt, &head, sizeof(StoredForest));
	pt += MAXALIGN(sizeof(StoredForest));
	for (int i = 0; i < n; i++)
	{
		memcpy(pt, &subindexes[i], sizeof(MMSubindex));
		if (models[i] != NULL)
			memcpy(pt + MAXALIGN(sizeof(MMSubindex)), models[i], subindexes[i].shape.size);
		if (skeletons[i] != NULL)
			memcpy(mm_subindex_skeleton((MMSubindex *) pt), skeletons[i], subindexes[i].vantage_size);
		pt += stored_size(&subindexes[i]);
	}
	meta->model_size = (uint32) size;
	meta->model_crc = mm_meta_model_crc(result, meta->model_size);
	return result;
}

void
mm_forest_open(Relation index, const MMMeta *meta, const void *stored, MMForest *forest)
{
	const char *pt;
	Size		left = meta->model_size - meta->shared.size;

	forest->n = 0;
	/* The checksum has told that this is what was written. */
	if (stored == NULL || left < MAXALIGN(sizeof(StoredForest)))
		return;
	pt = (const char *) stored + meta->shared.size;
	for (int n = ((const StoredForest *) pt)->n; forest->n < n; forest->n++)
	{
		Size		step = forest->n == 0 ? MAXALIGN(sizeof(StoredForest)) :
			stored_size(forest->of[forest->n - 1]);
		const MMSubindex *subindex = (const MMSubindex *) (pt + step);

		if (left < step + MAXALIGN(sizeof(MMSubindex)) || forest->n == MM_MAX_SUBINDEXES ||
			left < step + stored_size(subindex) ||
			subindex->column < 0 || subindex->column >= meta->ncolumns ||
			subindex->kind < 1 || subindex->kind > MM_SUBINDEX_KINDS ||
			!mm_meta_shape_is_sane(&subindex->shape))
			mm_report_damage(index, "The description of sub-index %d is not valid.", forest->n + 1);
		forest->of[forest->n] = subindex;
		pt += step;
		left -= step;
	}
}

const MMSubindex *
mm_forest_find(const MMForest *forest, int column)
{
	for (int i = 0; i < forest->n; i++)
		if (forest->of[i]->column == column)
			return forest->of[i];
	return NULL;
}
