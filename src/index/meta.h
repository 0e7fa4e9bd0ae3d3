/*-------------------------------------------------------------------------
 *
 * meta.h
 *	  The metadata of an index: what its columns were when it was made,
 *	  statistics of their distances, and where the model is.
 *
 * The metadata are on the first page of the index.  The model has a chain of
 * pages of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_META_H
#define MM_META_H

#include "index/page.h"

#define MM_META_VERSION 6

/*
 * Fewer rows than this tell too little, so an index has no model until it has
 * as many.
 */
#define MM_TRAINING_ROWS	256

/*
 * Statistics of the distances between two random values of a column.
 */
typedef struct MMColumnStatistics
{
	int64		count;			/* values that are not NULL */
	int32		dimensions;		/* of all values; -1: none, or unknown */
	int32		pairs;			/* distances measured; 0: nothing is known */
	float8		mean;			/* of the finite ones; 0 if there are none */
	float8		variance;		/* likewise */
	float8		scale;			/* twice their median; see statistics.c */
} MMColumnStatistics;

/*
 * What a column was when the index was made.  Attributes of a composite type
 * come and go, and their types may get other default operator classes; no
 * index is told of that.  OIDs of types survive pg_upgrade.  Those of operator
 * classes do not, so a class is known by a hash of its name.
 */
typedef struct MMColumnOrigin
{
	Oid			type;			/* that of the class; if that is polymorphic, the
								 * column's own */
	uint32		metric;			/* the class; 0 where the catalogs keep it */
	int32		attribute;		/* of the composite; 0: a key of the index */
} MMColumnOrigin;

/*
 * What the entries of a tree have besides their place and NULLs, and the size
 * of the model that makes them, in bytes of the stored form.
 */
typedef struct MMModelShape
{
	int32		ncoordinates;
	int32		sketch_words;
	int32		sketch_bytes;
	uint32		size;
} MMModelShape;

/*
 * The metadata, on MM_META_BLOCK.
 */
typedef struct MMMeta
{
	uint32		version;		/* MM_META_VERSION */
	int32		ncolumns;
	int64		rows;			/* of the table when this was measured */
	uint64		splits;			/* of nodes, so far, and of VACUUMs that moved
								 * entries; see page.h */
	BlockNumber model;			/* first page of the model; InvalidBlockNumber: none */
	uint32		model_size;		/* bytes, with those of sub-indexes (forest.h) */
	uint32		model_crc;		/* of these */
	MMModelShape shared;		/* the shared tree's part, which comes first; zeros
								 * without a model */
	float4		shared_part;	/* of all pages, when they were written */
	int32		npairs;			/* of the sample of pairs; see pairs.c */
	MMColumnOrigin origins[MM_MAX_COLUMNS];	/* of the columns */
	MMColumnStatistics columns[FLEXIBLE_ARRAY_MEMBER];
	/* The pairs follow. */
} MMMeta;

#define MM_META_SIZE(ncolumns, npairs) \
	(offsetof(MMMeta, columns) + sizeof(MMColumnStatistics) * (ncolumns) + \
	 sizeof(uint16) * (npairs) * ((ncolumns) + 1))

/*
 * The sampled pairs of rows: for each pair, how many pairs it stands for, and
 * its distances.
 */
static inline uint16 *
mm_meta_pairs(const MMMeta *meta)
{
	return (uint16 *) &meta->columns[meta->ncolumns];
}

/*
 * mm_meta_read: the metadata of a plain index as it is now, in the current
 * context.  Raises an error if the page is not a valid metadata page, if it is
 * not about ncolumns columns (0: any number), or if the index is being built.
 *
 * mm_meta_read_building: the same for the build itself.
 */
extern MMMeta *mm_meta_read(Relation index, int ncolumns);
extern MMMeta *mm_meta_read_building(Relation index, int ncolumns);

/*
 * mm_meta_try: the same, but NULL where mm_meta_read raises an error about the
 * page.
 */
extern MMMeta *mm_meta_try(Relation index);

/*
 * mm_meta_model: the model that metadata refer to, meta->model_size bytes;
 * NULL if there is none.  It is valid until the next such call for the index,
 * or until an invalidation is processed, so copy it to keep it.
 */
extern const void *mm_meta_model(Relation index, const MMMeta *meta);

/*
 * mm_meta_model_crc: the checksum of a model.
 */
extern uint32 mm_meta_model_crc(const void *model, uint32 size);

/*
 * mm_meta_shape_is_sane: might we have stored such a shape?
 *
 * mm_meta_shapes: the shapes of a tree's entries in leaves and in inner nodes.
 */
extern bool mm_meta_shape_is_sane(const MMModelShape *shape);
extern void mm_meta_shapes(const MMModelShape *shape, MMShape *leaf, MMShape *inner);

/*
 * mm_meta_entries: about how many entries an index of so many blocks has; 0 without a
 * model.
 */
extern double mm_meta_entries(Relation index, const MMMeta *meta, BlockNumber blocks);

/*
 * mm_meta_empty: metadata of an index that has seen no rows.
 *
 * mm_meta_create: write metadata and an empty root as the first pages of a new
 * index, whose main fork nobody else can use yet.  Only an init fork is logged
 * here; otherwise the caller sees to WAL.
 *
 * mm_meta_build: replace the metadata of an index that is being built.  Once
 * the build is done, others may use the index.  This writes no WAL.
 */
extern MMMeta *mm_meta_empty(int ncolumns);
extern void mm_meta_create(Relation index, ForkNumber fork, const MMMeta *meta);
extern void mm_meta_build(Relation index, const MMMeta *meta, bool done);

/*
 * mm_meta_write_model: write a model to new pages.  Returns the first of them.
 */
extern BlockNumber mm_meta_write_model(Relation index, const void *model,
									   uint32 size, bool logged);

/*
 * mm_meta_enter_model: enter a model, and the statistics that were measured
 * with it, in the metadata page, which becomes part of a WAL record.
 * Dimensions that are known by then stay as they are.
 */
extern void mm_meta_enter_model(GenericXLogState *state, Buffer buffer, const MMMeta *trained);

/*
 * mm_meta_settle_dimensions: record the given dimensions of each column whose
 * dimensions the metadata do not know.  For the other columns, return what is
 * known instead.
 */
extern void mm_meta_settle_dimensions(Relation index, int ncolumns,
									  int32 *dimensions);

/*
 * mm_meta_splits: the count of splits.
 *
 * mm_meta_count_split: count one more split.  Returns the new count.
 *
 * mm_node_check_stamps: raise INDEX_CORRUPTED unless a page is a node (perhaps
 * a deleted one) and all its stamps are of splits that have happened.  The
 * page was reached from a parent that was read when splits had been counted.
 */
extern uint64 mm_meta_splits(Relation index);
extern uint64 mm_meta_count_split(Relation index);
extern void mm_node_check_stamps(Relation index, Buffer buffer, uint64 splits);

/*
 * For changes of the tree, mm_meta_lock locks the metadata page, and
 * mm_meta_register adds it to a WAL record.
 */
extern Buffer mm_meta_lock(Relation index, int ncolumns, int mode);
extern MMMeta *mm_meta_register(GenericXLogState *state, Buffer buffer);

#endif							/* MM_META_H */
