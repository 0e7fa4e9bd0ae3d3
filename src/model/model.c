/*-------------------------------------------------------------------------
 *
 * model.c
 *	  Training, storing and applying the model of an index; see model.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "compat.h"
#include "index/options.h"
#include "model/fitted.h"
#include "model/model.h"
#include "model/pivots.h"
#include "model/stored_value.h"

/*
 * What is stored for a column.  Its pivots follow, or its model of coordinates, and
 * then its sketch's model, each at a MAXALIGNed offset.
 */
typedef struct StoredColumn
{
	int32		ncoordinates;
	int32		embedding;		/* MMEmbedding */
	int32		norm;
	float		unit;
	MetricTransform transform;
	MetricSketchShape shape;
	uint32		embedding_size; /* of the pivots, or the model of coordinates */
	uint32		sketch_size;
	double		origin[METRIC_MAX_RAW_COORDINATES];
} StoredColumn;

/* ---------- training ---------- */

/* What training found for one column. */
typedef struct TrainedColumn
{
	StoredColumn stored;
	int			pivots[MM_MAX_PIVOTS];	/* indexes of the training values */
	double		pivot_gains[MM_MAX_PIVOTS];
	int			npivots;		/* how many there are to choose from */
	void	   *fitted;			/* the metric's model of coordinates, if it has one */
	Size		fitted_size;
	MetricTrainedCoordinates fitted_as;
	double		fitted_gains[METRIC_MAX_TRAINED_COORDINATES];
	void	   *sketch;
} TrainedColumn;

/*
 * Choose the origin from which raw coordinates are counted so that they are
 * precise as floats: the median.  Only differences count under these norms.
 */
static void
choose_origin(const MMColumn *column, const Datum *values, int n, StoredColumn *stored)
{
	double	   *x;

	if (n == 0 || stored->norm == METRIC_NORM_DISCRETE || stored->transform.c1 != 1.0f)
		return;
	x = palloc(sizeof(double) * n);
	/* A radius, which comes last, is counted from 0. */
	for (int c = 0; c < stored->ncoordinates - (stored->norm == METRIC_NORM_BALLS); c++)
	{
		for (int i = 0; i < n; i++)
		{
			double		all[METRIC_MAX_RAW_COORDINATES];

			column->space.routine->coordinates(values[i], column->space.collation, all);
			x[i] = all[c];
		}
		qsort(x, n, sizeof(double), mm_compare_doubles);
		if (fabs(x[n / 2]) < METRIC_COORDINATE_LIMIT / 4)
			stored->origin[c] = x[n / 2];
	}
	pfree(x);
}

/*
 * The inverse of a transform's function f: the norm that belongs to a
 * distance, at most clamp.
 */
static double
untransform(const MetricTransform *t, double distance)
{
	double		low = 0.0;
	double		high = t->clamp;

	if (metric_is_identity(t))
		return Min(distance, high);
	/* This many halvings tell apart any two doubles of this range. */
	for (int i = 0; i < 200; i++)
	{
		double		x = (low + high) / 2;

		if (x * (t->c1 + x * (t->c2 + x * (t->c3 + x * t->c4))) < distance)
			low = x;
		else
			high = x;
	}
	return high;
}

float
mm_model_unit(MetricNorm norm, const MetricTransform *transform, double scale)
{
	double		coordinates = norm == METRIC_NORM_DISCRETE ? scale * METRIC_DISCRETE_RANGE / 3 :
		2 * untransform(transform, scale / 2);

	return (float) Min(1.0 / coordinates, FLT_MAX);
}

static void
train_coordinates(MMColumn *column, const MMColumnStatistics *stats,
				  const Datum *values, int n, TrainedColumn *trained)
{
	StoredColumn *stored = &trained->stored;
	MetricNorm	norm = METRIC_NORM_PIVOTS;

	stored->transform = METRIC_IDENTITY;
	stored->ncoordinates = mm_metric_embedding(&column->space, stats->dimensions, &norm,
											   &stored->transform);
	stored->norm = norm;
	if (stored->ncoordinates > 0)
	{
		stored->embedding = MM_EMBED_RAW;
		stored->unit = mm_model_unit(stored->norm, &stored->transform, stats->scale);
		choose_origin(column, values, n, stored);
		return;
	}
	trained->npivots = mm_pivots_choose(column, stats->scale, values, n, MM_MAX_PIVOTS,
										trained->pivots, trained->pivot_gains);
	trained->fitted = mm_fitted_train(column, stats->scale, values, n, &trained->fitted_size,
									  &trained->fitted_as, trained->fitted_gains);
}

/*
 * How far so many coordinates of a column tell values apart, if they are pivots,
 * and if the metric has fitted them; 0 if there are not so many.
 */
static double
gain_of_pivots(const TrainedColumn *t, int n)
{
	return n > 0 && n <= t->npivots ? t->pivot_gains[n - 1] : 0.0;
}

static double
gain_of_fitted(const TrainedColumn *t, int n)
{
	return n > 0 && t->fitted != NULL && n <= t->fitted_as.most ? t->fitted_gains[n - 1] : 0.0;
}

static double
gain_of(const TrainedColumn *t, int n)
{
	return Max(gain_of_pivots(t, n), gain_of_fitted(t, n));
}

/*
 * How many coordinates a column can have.
 */
static int
most_coordinates(const TrainedColumn *t)
{
	return Max(t->npivots, t->fitted != NULL ? t->fitted_as.most : 0);
}

/*
 * A column has got its number of coordinates: take those of the kind that tells
 * more.
 */
static void
choose_embedding(MMColumn *column, const MMColumnStatistics *stats, TrainedColumn *t)
{
	StoredColumn *stored = &t->stored;

	if (stored->embedding == MM_EMBED_RAW)
		return;
	if (t->fitted != NULL && gain_of_fitted(t, stored->ncoordinates) >= gain_of_pivots(t, stored->ncoordinates))
	{
		stored->embedding = MM_EMBED_TRAINED;
		stored->ncoordinates = Min(stored->ncoordinates, t->fitted_as.most);
		stored->norm = t->fitted_as.norm;
		stored->transform = t->fitted_as.transform;
		stored->embedding_size = MAXALIGN(t->fitted_size);
	}
	else
	{
		stored->embedding = MM_EMBED_PIVOTS;
		stored->ncoordinates = Min(stored->ncoordinates, t->npivots);
		stored->norm = METRIC_NORM_PIVOTS;
		stored->transform = mm_metric_pivot_transform(&column->space, stats->dimensions);
	}
	stored->unit = mm_model_unit(stored->norm, &stored->transform, stats->scale);
}

/*
 * Share out coordinates.  Each column that has no raw ones gets one.  Then the next
 * one always goes to the column where one more tells sums apart best, as long as
 * that is worth its bytes in the tree.
 */
static void
share_out_coordinates(TrainedColumn *trained, int ncolumns, const double *weights, int wanted)
{
	int			total = 0;
	const double least_gain = 0.01;

	for (int i = 0; i < ncolumns; i++)
	{
		if (trained[i].stored.embedding != MM_EMBED_RAW)
			trained[i].stored.ncoordinates = Min(Max(wanted, 1), most_coordinates(&trained[i]));
		total += trained[i].stored.ncoordinates;
	}
	while (wanted == 0 && total < MM_CHOSEN_COORDINATES)
	{
		int			best = -1;
		double		best_gain = least_gain;

		for (int i = 0; i < ncolumns; i++)
		{
			int			have = trained[i].stored.ncoordinates;
			double		gain;

			if (trained[i].stored.embedding == MM_EMBED_RAW || have == 0 ||
				have >= most_coordinates(&trained[i]))
				continue;
			gain = (gain_of(&trained[i], have + 1) - gain_of(&trained[i], have)) *
				weights[i] * weights[i];
			if (gain > best_gain)
			{
				best = i;
				best_gain = gain;
			}
		}
		if (best < 0)
			break;
		trained[best].stored.ncoordinates++;
		total++;
	}
	/*
	 * If there are too many columns for the requested number, take coordinates from
	 * those that have most.
	 */
	while (total > MM_CHOSEN_COORDINATES)
	{
		int			most = -1;

		for (int i = 0; i < ncolumns; i++)
			if (trained[i].stored.embedding != MM_EMBED_RAW && trained[i].stored.ncoordinates > 0 &&
				(most < 0 ||
				 trained[i].stored.ncoordinates > trained[most].stored.ncoordinates))
				most = i;
		if (most < 0)
			break;				/* all of them raw, which come as they are */
		trained[most].stored.ncoordinates--;
		total--;
	}
}

/*
 * Train the sketch of one column on n values, to take so many bytes.
 */
static void
train_sketch(const MMColumn *column, const Datum *values, int n, int budget, TrainedColumn *t)
{
	const MetricRoutine *routine = column->space.routine;
	Size		size = 0;

	CHECK_FOR_INTERRUPTS();
	if (routine != NULL && routine->train != NULL && n > 0)
		t->sketch = routine->train(values, n, column->space.collation, budget, &size,
								   &t->stored.shape);
	if (t->sketch == NULL)
	{
		memset(&t->stored.shape, 0, sizeof(MetricSketchShape));
		size = 0;
	}
	t->stored.sketch_size = size;
}

/*
 * Train the sketches, sharing out the bytes of an entry.  Columns without
 * dimensions, whose sketches are small, come first; then vectors, the narrow
 * ones before the wide ones.  Each may take an equal part of what is left.
 */
static void
train_sketches(MMColumns *columns, const MMMeta *statistics,
			   const MMTraining *training, TrainedColumn *trained)
{
	int			order[MM_MAX_COLUMNS];
	int			n = 0;
	int			left = MM_ENTRY_BUDGET - MM_ENTRY_HEADER * (int) sizeof(uint32);

	for (int i = 0; i < columns->n; i++)
	{
		const MetricRoutine *routine = columns->columns[i].space.routine;
		int			j;

		left -= trained[i].stored.ncoordinates * sizeof(float);
		if (routine == NULL || routine->train == NULL || training->n[i] == 0)
			continue;
		for (j = n++; j > 0 &&
			 statistics->columns[order[j - 1]].dimensions > statistics->columns[i].dimensions; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	left = Max(left, n * 16);
	for (int j = 0; j < n; j++)
	{
		const MMColumn *column = &columns->columns[order[j]];
		TrainedColumn *t = &trained[order[j]];

		train_sketch(column, training->values[order[j]], training->n[order[j]], left / (n - j), t);
		left -= t->stored.shape.words * sizeof(uint32) + t->stored.shape.bytes;
	}
}

void *
mm_model_train(MMColumns *columns, MMMeta *meta,
			   const MMTraining *training, const double *weights, int ncoordinates)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb training",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TrainedColumn *trained = palloc0(sizeof(TrainedColumn) * columns->n);
	Size		total = 0;
	char	   *result;
	char	   *pt;

	for (int i = 0; i < columns->n; i++)
		train_coordinates(&columns->columns[i], &meta->columns[i],
						  training->values[i], training->n[i], &trained[i]);
	share_out_coordinates(trained, columns->n, weights, ncoordinates);
	for (int i = 0; i < columns->n; i++)
	{
		choose_embedding(&columns->columns[i], &meta->columns[i], &trained[i]);
		trained[i].stored.unit *= (float) weights[i];
	}
	train_sketches(columns, meta, training, trained);

	memset(&meta->shared, 0, sizeof(MMModelShape));
	for (int i = 0; i < columns->n; i++)
	{
		StoredColumn *stored = &trained[i].stored;

		if (stored->embedding == MM_EMBED_PIVOTS)
			for (int p = 0; p < stored->ncoordinates; p++)
				stored->embedding_size += mm_stored_value_size(&columns->columns[i],
														 training->values[i][trained[i].pivots[p]]);
		meta->shared.ncoordinates += stored->ncoordinates;
		meta->shared.sketch_words += stored->shape.words;
		meta->shared.sketch_bytes += stored->shape.bytes;
		total += MAXALIGN(sizeof(StoredColumn)) + stored->embedding_size + MAXALIGN(stored->sketch_size);
	}
	MemoryContextSwitchTo(old);
	result = pt = MemoryContextAllocZero(CurrentMemoryContext, total);
	for (int i = 0; i < columns->n; i++)
	{
		StoredColumn *stored = &trained[i].stored;

		memcpy(pt, stored, sizeof(StoredColumn));
		pt += MAXALIGN(sizeof(StoredColumn));
		if (stored->embedding == MM_EMBED_PIVOTS)
			for (int p = 0; p < stored->ncoordinates; p++)
				pt = mm_store_value(&columns->columns[i],
								 training->values[i][trained[i].pivots[p]], pt);
		else if (stored->embedding == MM_EMBED_TRAINED)
		{
			memcpy(pt, trained[i].fitted, trained[i].fitted_size);
			pt += stored->embedding_size;
		}
		if (stored->sketch_size > 0)
			memcpy(pt, trained[i].sketch, stored->sketch_size);
		pt += MAXALIGN(stored->sketch_size);
	}
	MemoryContextDelete(context);
	meta->shared.size = meta->model_size = (uint32) total;
	meta->model_crc = mm_meta_model_crc(result, meta->model_size);
	return result;
}

static const char *
next_column(const char *pt)
{
	const StoredColumn *stored = (const StoredColumn *) pt;

	return pt + MAXALIGN(sizeof(StoredColumn)) + stored->embedding_size +
		MAXALIGN(stored->sketch_size);
}

void
mm_model_weights(const MMMeta *meta, const void *stored, double *weights)
{
	const char *pt = stored;

	for (int i = 0; i < meta->ncolumns; i++)
	{
		const StoredColumn *column = (const StoredColumn *) pt;
		double		unit;

		weights[i] = 1.0;
		if (stored == NULL)
			continue;
		unit = mm_model_unit(column->norm, &column->transform, meta->columns[i].scale);
		/* Rounding must not make one of 1 something else. */
		if (unit > 0 && column->unit >= 0 && fabs(column->unit / unit - 1.0) > 1e-6)
			weights[i] = column->unit / unit;
		pt = next_column(pt);
	}
}

void *
mm_model_train_part(MMColumns *columns, const MMMeta *meta, const void *shared,
					const MMTraining *training, int column, int budget, MMModelShape *shape)
{
	const char *from = shared;
	TrainedColumn trained = {0};
	Size		head = MAXALIGN(sizeof(StoredColumn));
	Size		total;
	char	   *result;
	char	   *pt;

	for (int i = 0; i < column; i++)
		from = next_column(from);
	memcpy(&trained.stored, from, sizeof(StoredColumn));
	/* By itself, the column matters. */
	trained.stored.unit = mm_model_unit(trained.stored.norm, &trained.stored.transform,
										meta->columns[column].scale);
	train_sketch(&columns->columns[column], training->values[column], training->n[column],
				 budget, &trained);
	total = head * columns->n + trained.stored.embedding_size + MAXALIGN(trained.stored.sketch_size);
	result = palloc0(total);

	/* All other columns have nothing but zeros. */
	pt = result + head * column;
	memcpy(pt, &trained.stored, sizeof(StoredColumn));
	memcpy(pt + head, from + head, trained.stored.embedding_size);
	if (trained.stored.sketch_size > 0)
		memcpy(pt + head + trained.stored.embedding_size, trained.sketch,
			   trained.stored.sketch_size);
	*shape = (MMModelShape) {
		.ncoordinates = trained.stored.ncoordinates,
		.sketch_words = trained.stored.shape.words,
		.sketch_bytes = trained.stored.shape.bytes,
		.size = (uint32) total,
	};
	return result;
}

/* ---------- use ---------- */

/*
 * Raise an error if the stored model of a column needs something of its metric
 * that the metric does not have, because it now comes from another library.
 */
static void
check_column(const MMColumn *column, const StoredColumn *stored)
{
	const MetricRoutine *routine = column->space.routine;

	if ((stored->embedding == MM_EMBED_RAW && (routine == NULL || routine->coordinates == NULL)) ||
		(stored->embedding == MM_EMBED_TRAINED &&
		 (routine == NULL || routine->trained_coordinates == NULL)) ||
		(stored->sketch_size > 0 && (routine == NULL || routine->sketch == NULL)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index was made for another metric of column \"%s\"",
						column->name),
				 errhint("Please REINDEX it.")));
}

/*
 * Give a column its coordinates, which follow those of the columns before.
 */
static void
open_coordinates(MMModel *model, int i, const StoredColumn *stored)
{
	MMColumnModel *c = &model->of[i];

	c->ncoordinates = stored->ncoordinates;
	c->first = model->ncoordinates;
	for (int x = c->first; x < c->first + c->ncoordinates; x++)
	{
		model->unit[x] = stored->unit;
		model->column_of[x] = i;
	}
	model->ncoordinates += c->ncoordinates;
}

/*
 * Take one column's part of the stored model.  Returns where the next part
 * begins.
 */
static char *
open_column(MMModel *model, int i, char *pt)
{
	StoredColumn *stored = (StoredColumn *) pt;
	MMColumn   *column = &model->columns->columns[i];
	MMColumnModel *c = &model->of[i];

	/* The coordinates of a column without a metric are never asked for. */
	if (OidIsValid(column->opclass))
		check_column(column, stored);
	open_coordinates(model, i, stored);
	c->norm = stored->norm;
	c->transform = stored->transform;
	c->embedding = stored->embedding;
	memcpy(c->origin, stored->origin, sizeof(c->origin));
	c->shape = stored->shape;
	pt += MAXALIGN(sizeof(StoredColumn));

	if (c->embedding == MM_EMBED_TRAINED)
		c->trained = pt;
	else if (c->embedding == MM_EMBED_PIVOTS && OidIsValid(column->opclass))
	{
		char	   *values = pt;

		c->pivots = palloc(sizeof(Datum) * Max(c->ncoordinates, 1));
		c->prepared = palloc(sizeof(void *) * Max(c->ncoordinates, 1));
		for (int p = 0; p < c->ncoordinates; p++)
		{
			values = mm_load_value(column, &c->pivots[p], values);
			c->prepared[p] = mm_metric_prepare(&column->space, c->pivots[p]);
		}
	}
	pt += stored->embedding_size;
	if (stored->sketch_size > 0)
		c->sketch = pt;
	return pt + MAXALIGN(stored->sketch_size);
}

MMModel *
mm_model_open(MMColumns *columns, const MMMeta *meta, const void *stored)
{
	return mm_model_open_part(columns, &meta->shared, stored);
}

MMModel *
mm_model_open_part(MMColumns *columns, const MMModelShape *shape, const void *stored)
{
	MMModel    *model = palloc0(sizeof(MMModel));
	char	   *pt;
	int			words = 0;
	int			bytes = 0;

	model->columns = columns;
	model->ncolumns = columns->n;
	if (stored == NULL)
	{
		mm_shape_init(&model->leaf, MM_ENTRY_HEADER, 0);
		mm_shape_init(&model->inner, MM_ENTRY_HEADER, 0);
		return model;
	}

	model->trained = true;
	pt = palloc(shape->size);
	memcpy(pt, stored, shape->size);
	for (int i = 0; i < columns->n; i++)
		pt = open_column(model, i, pt);
	for (int i = 0; i < columns->n; i++)
	{
		MMColumnModel *c = &model->of[i];

		c->first_word = MM_ENTRY_HEADER + model->ncoordinates + words;
		c->first_byte = bytes;
		words += c->shape.words;
		bytes += c->shape.bytes;
	}
	if (model->ncoordinates != shape->ncoordinates || words != shape->sketch_words ||
		bytes != shape->sketch_bytes)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("the metadata of the index do not fit its model"),
				 errhint("Please REINDEX it.")));
	mm_shape_init(&model->leaf, MM_ENTRY_HEADER + model->ncoordinates + words, bytes);
	mm_shape_init(&model->inner, MM_ENTRY_HEADER + 2 * model->ncoordinates, 0);
	return model;
}

MMModel *
mm_model_open_tree(int ncolumns, const MMModelShape *shape, const void *stored)
{
	MMModel    *model = palloc0(sizeof(MMModel));
	const char *pt = stored;

	model->ncolumns = ncolumns;
	model->trained = stored != NULL;
	for (int i = 0; i < ncolumns && model->trained; i++)
	{
		open_coordinates(model, i, (const StoredColumn *) pt);
		pt = next_column(pt);
	}
	mm_meta_shapes(shape, &model->leaf, &model->inner);
	return model;
}

void
mm_model_coordinates(const MMModel *model, int column, Datum value, float *x,
					 float *shift_error)
{
	const MMColumnModel *c = &model->of[column];
	MetricSpace *space = &model->columns->columns[column].space;
	double		own[METRIC_MAX_TRAINED_COORDINATES];

	StaticAssertStmt(METRIC_MAX_RAW_COORDINATES <= METRIC_MAX_TRAINED_COORDINATES,
					 "raw coordinates do not fit");
	*shift_error = 0.0f;
	switch (c->embedding)
	{
		case MM_EMBED_PIVOTS:
			for (int i = 0; i < c->ncoordinates; i++)
				x[i] = (float) mm_pivot_coordinate(space, c->prepared[i], value);
			break;
		case MM_EMBED_RAW:
			space->routine->coordinates(value, space->collation, own);
			mm_model_shift(model, column, own, x, shift_error);
			break;
		case MM_EMBED_TRAINED:
			/* The other value's error may be as large, and a little is for rounding. */
			*shift_error = (float) (2.001 *
									space->routine->trained_coordinates(c->trained, value,
																		space->collation,
																		c->ncoordinates, own));
			for (int i = 0; i < c->ncoordinates; i++)
				x[i] = (float) own[i];
			break;
	}
}

void
mm_model_shift(const MMModel *model, int column, const double *raw, float *x,
			   float *shift_error)
{
	const MMColumnModel *c = &model->of[column];

	Assert(c->embedding == MM_EMBED_RAW);
	*shift_error = 0.0f;
	for (int i = 0; i < c->ncoordinates; i++)
	{
		double		error = (fabs(raw[i]) + fabs(c->origin[i])) * 0x1p-48;

		if (fabs(raw[i]) >= METRIC_COORDINATE_LIMIT)
			x[i] = (float) raw[i];
		else
			x[i] = (float) (raw[i] - c->origin[i]);
		if (c->norm != METRIC_NORM_DISCRETE)
			*shift_error = Max(*shift_error, (float) error);
	}
}

/*
 * Write a value's sketch into an entry.
 */
static void
write_sketch(const MMModel *model, int column, Datum value, MMEntry entry)
{
	const MMColumnModel *c = &model->of[column];
	MetricSpace *space = &model->columns->columns[column].space;

	if (c->sketch != NULL)
		space->routine->sketch(c->sketch, value, space->collation, entry + c->first_word,
							   MMEntryBytes(entry, &model->leaf) + c->first_byte);
}

void
mm_model_embed(const MMModel *model, ItemPointer tid, Datum *values,
			   const bool *isnull, MMEntry entry)
{
	memset(entry, 0, model->leaf.size);
	entry[0] = ItemPointerGetBlockNumber(tid);
	entry[1] = ItemPointerGetOffsetNumber(tid);
	for (int i = 0; i < model->ncolumns; i++)
	{
		const MMColumnModel *c = &model->of[i];
		float		shift_error;

		if (isnull[i])
		{
			entry[2] |= UINT32_C(1) << i;
			continue;
		}
		if (c->ncoordinates > 0)
			mm_model_coordinates(model, i, values[i],
								 MMEntryFloats(entry) + c->first, &shift_error);
		write_sketch(model, i, values[i], entry);
	}
}

void
mm_model_embed_part(const MMModel *part, int column, const MMModel *shared,
					const uint32 *shared_entry, Datum value, MMEntry entry)
{
	memset(entry, 0, part->leaf.size);
	memcpy(entry, shared_entry, sizeof(uint32) * MM_ENTRY_HEADER);
	if (entry[2] & (UINT32_C(1) << column))
		return;
	memcpy(MMEntryFloats(entry) + part->of[column].first,
		   MMEntryFloats(shared_entry) + shared->of[column].first,
		   sizeof(float) * part->of[column].ncoordinates);
	write_sketch(part, column, value, entry);
}
