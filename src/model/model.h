/*-------------------------------------------------------------------------
 *
 * model.h
 *	  The model of an index: how a row becomes an entry of a leaf.
 *
 * An entry has, for each column in order, its coordinates (raw ones, distances
 * to pivots, or such as the metric has fitted to the sample) and its sketch.  The model is trained once, on a sample
 * of rows, and never changes as long as the index lives.  Bounds hold for
 * values unlike the sample as well; they are only less tight.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_MODEL_H
#define MM_MODEL_H

#include "index/columns.h"

/*
 * Pivots are chosen as long as there are no more coordinates than this in all.
 */
#define MM_CHOSEN_COORDINATES	96

/*
 * An entry may take this many bytes of a leaf page, if its columns want them.
 */
#define MM_ENTRY_BUDGET		320

/*
 * Where the coordinates of a column come from.
 */
typedef enum MMEmbedding
{
	MM_EMBED_PIVOTS,			/* distances to pivots */
	MM_EMBED_RAW,				/* the metric's raw coordinates */
	MM_EMBED_TRAINED,			/* the metric's trained coordinates */
} MMEmbedding;

typedef struct MMColumnModel
{
	int			first;			/* its first coordinate */
	int			ncoordinates;
	MetricNorm	norm;
	MetricTransform transform;
	MMEmbedding embedding;
	double		origin[METRIC_MAX_RAW_COORDINATES]; /* raw: subtracted */
	Datum	   *pivots;			/* pivots: ncoordinates values */
	void	  **prepared;		/* and these as queries */
	const void *trained;		/* trained: the metric's model of coordinates */
	const void *sketch;			/* NULL: none */
	MetricSketchShape shape;
	int			first_word;		/* of the entry */
	int			first_byte;
} MMColumnModel;

typedef struct MMModel
{
	MMColumns  *columns;		/* NULL: see mm_model_open_tree */
	int			ncolumns;
	bool		trained;
	int			ncoordinates;
	MMShape		leaf;
	MMShape		inner;
	float		unit[MM_MAX_COORDINATES];	/* 1 / what a scale of its column is, times how
											 * much the column matters */
	uint8		column_of[MM_MAX_COORDINATES];
	MMColumnModel of[MM_MAX_COLUMNS];
} MMModel;

/*
 * Values to train on: for each column, the values that are not NULL.
 */
typedef struct MMTraining
{
	int			n[MM_MAX_COLUMNS];
	Datum	   *values[MM_MAX_COLUMNS];
} MMTraining;

/*
 * mm_model_train: a model for columns with the statistics in meta.  ncoordinates is
 * the number of coordinates for each column without raw ones; 0 means as many as
 * pay.  weights says how much each column matters; their mean is about 1.
 * Returns the model in its stored form, in the current context.  meta
 * gets its size and whatever else metadata say about it, except for where it
 * is.
 */
extern void *mm_model_train(MMColumns *columns, MMMeta *meta,
							const MMTraining *training, const double *weights,
							int ncoordinates);

/*
 * mm_model_weights: those that a model, given in its stored form, was trained with, to
 * the precision of a float; 1 for all columns without a model (NULL).  weights has room
 * for meta->ncolumns.
 */
extern void mm_model_weights(const MMMeta *meta, const void *stored, double *weights);

/*
 * mm_model_open: make a model, given in its stored form, ready for use, in the
 * current context.  NULL stands for the model of an index that has none.
 */
extern MMModel *mm_model_open(MMColumns *columns, const MMMeta *meta,
							  const void *stored);

/*
 * mm_model_train_part: a model for a tree over one of the columns, in the form
 * that mm_model_train returns.  shared is that of the shared tree: a value's
 * coordinates are the same in both.  The sketch may be larger: budget is how
 * many bytes it may have.  *shape becomes what metadata say about it.
 *
 * mm_model_open_part: open such a model, as mm_model_open does.
 *
 * mm_model_embed_part: make an entry of such a tree (part->leaf.size bytes)
 * from that of the shared tree and the value in the column.  Leaks memory.
 */
extern void *mm_model_train_part(MMColumns *columns, const MMMeta *meta, const void *shared,
								 const MMTraining *training, int column, int budget,
								 MMModelShape *shape);
extern MMModel *mm_model_open_part(MMColumns *columns, const MMModelShape *shape,
								   const void *stored);
extern void mm_model_embed_part(const MMModel *part, int column, const MMModel *shared,
								const uint32 *shared_entry, Datum value, MMEntry entry);

/*
 * mm_model_open_tree: open as much of a model (or of none) as is known without
 * operator classes: the shapes of entries, and the columns and units of
 * coordinates.  That is enough for boxes and nodes, but not for values.
 */
extern MMModel *mm_model_open_tree(int ncolumns, const MMModelShape *shape, const void *stored);

/*
 * mm_model_embed: make the leaf entry (model->leaf.size bytes) of a row from
 * its columns' values.  Leaks memory.
 */
extern void mm_model_embed(const MMModel *model, ItemPointer tid,
						   Datum *values, const bool *isnull, MMEntry entry);

/*
 * mm_model_coordinates: a value's coordinates in a column, as many as the
 * column has.  Coordinates count from an origin.  *shift_error becomes how far
 * off that, or the metric, makes their difference to another value's coordinates,
 * besides what the transform says.  Leaks memory.
 */
extern void mm_model_coordinates(const MMModel *model, int column, Datum value,
								 float *x, float *shift_error);

/*
 * mm_model_shift: the same for a value that is given by its raw coordinates,
 * if the column has such.
 */
extern void mm_model_shift(const MMModel *model, int column, const double *raw,
						   float *x, float *shift_error);

/*
 * mm_model_unit: one over what a scale of a column's distances is in its
 * coordinates.  A scale is twice a median, and the function, if there is one,
 * may be far from a straight line.  So it is twice what the median is in
 * coordinates.  Hashes have no distance except that they are equal or not; two
 * of them differ by a third of their range on average.
 */
extern float mm_model_unit(MetricNorm norm, const MetricTransform *transform, double scale);

#endif							/* MM_MODEL_H */
