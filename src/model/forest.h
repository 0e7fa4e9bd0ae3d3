/*-------------------------------------------------------------------------
 *
 * forest.h
 *	  The sub-indexes of an index: each over one of its columns.
 *
 * Besides the shared tree, an index may have sub-indexes, for searches that
 * give nearly all weight to few columns.  They are described behind the shared
 * tree's model, in the same stored form, and like it they never change as long
 * as the index lives.
 *
 *	R-tree		a tree over the column's coordinates, with a larger sketch
 *	MVP-tree	a tree for each region of a skeleton of vantage points (vantage.h)
 *	inverted	rows by the tokens of their values (inverted/inverted.h); it has
 *				no model
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_FOREST_H
#define MM_FOREST_H

#include "index/subindexes.h"
#include "model/model.h"

/*
 * The work of a search, in the mean of those that a trial made.
 */
typedef struct MMWork
{
	float4		pages;			/* leaves read */
	float4		entries;		/* bounded there */
	float4		candidates;		/* to be verified */
} MMWork;

#define MM_SHARED_STEPS	8

/*
 * A sub-index as it is stored, MAXALIGNed.  Its model follows, as
 * mm_model_train_part returns it.
 */
typedef struct MMSubindex
{
	int32		column;			/* from 0 */
	int32		kind;			/* MMSubindexKind */
	BlockNumber root;			/* of the tree; or the home page of an inverted index */
	int32		tree;			/* the number of its tree; 0: it is none */
	int32		ntrees;			/* of an MVP-tree, which have numbers from there on */
	uint32		vantage_size;	/* of its skeleton, behind the model */
	MMModelShape shape;

	/*
	 * Of an inverted index: how far apart two values of the usual size are at
	 * least, if they share up to 0, 1, ... of MM_SHARED_STEPS parts of their
	 * tokens.
	 */
	float4		apart[MM_SHARED_STEPS + 1];
	bool		measured;		/* chosen by a trial: */
	MMWork		work;			/* of this kind */
	MMWork		shared_work;	/* of the shared tree alone */
} MMSubindex;

/* While they are tried out, a column has one of each kind; otherwise, one at most. */
#define MM_MAX_SUBINDEXES	(MM_MAX_COLUMNS * MM_SUBINDEX_KINDS)

typedef struct MMForest
{
	int			n;
	const MMSubindex *of[MM_MAX_SUBINDEXES];
} MMForest;

/*
 * mm_forest_store: append the descriptions of n sub-indexes, with their models and
 * skeletons, to the stored form of the shared tree's model.  Returns the whole.  meta gets
 * its size and its checksum.
 */
extern void *mm_forest_store(MMMeta *meta, const void *shared, const MMSubindex *subindexes,
							 void *const *models, void *const *skeletons, int n);

/*
 * mm_forest_open: the sub-indexes that a stored form describes, or none if it
 * is NULL.  They refer to it, so it must be a copy if functions are called
 * meanwhile (see mm_meta_model).  Raises an error if it is damaged.
 */
extern void mm_forest_open(Relation index, const MMMeta *meta, const void *stored,
						   MMForest *forest);

/*
 * mm_subindex_model: the stored form of a sub-index's model.
 *
 * mm_subindex_skeleton: the stored form of an MVP-tree's skeleton.
 */
static inline const void *
mm_subindex_model(const MMSubindex *subindex)
{
	return (const char *) subindex + MAXALIGN(sizeof(MMSubindex));
}

static inline void *
mm_subindex_skeleton(const MMSubindex *subindex)
{
	return (char *) subindex + MAXALIGN(sizeof(MMSubindex)) + MAXALIGN(subindex->shape.size);
}

/*
 * mm_forest_find: the sub-index over a column, or NULL.
 */
extern const MMSubindex *mm_forest_find(const MMForest *forest, int column);

#endif							/* MM_FOREST_H */
