/*-------------------------------------------------------------------------
 *
 * am.h
 *	  The access method mmdb: its metadata, its columns, its callbacks.
 *
 * The metadata of an index tell, for each of its columns, statistics of the
 * column's distances, and where its model is.  A column is a metric space: a key column of the index,
 * or, in an index over one composite key, an attribute of that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_AM_H
#define MM_AM_H

#include "access/amapi.h"
#include "access/genam.h"
#include "common/hashfn.h"
#include "common/relpath.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "storage/bufpage.h"
#include "utils/relcache.h"

#include "am/page.h"
#include "metric/metric.h"
#include "mmdb.h"

/* An entry has at most so many coordinates; see also model.h. */
#define MM_MAX_COORDINATES	(MM_MAX_COLUMNS * METRIC_MAX_RAW_COORDINATES)

/* ---------- metadata ---------- */

#define MM_META_VERSION 4

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
 * come and go, and their types may get other default operator classes, which no
 * index is told.  OIDs of types outlive pg_upgrade, those of classes do not:
 * these are known by the hash of their name.
 */
typedef struct MMColumnOrigin
{
	Oid			type;			/* that of the class; if that is polymorphic, the
								 * column's own */
	uint32		metric;			/* the class; 0 where the catalogs keep it */
	int32		attribute;		/* of the composite; 0: a key of the index */
} MMColumnOrigin;

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
	uint32		model_size;		/* bytes */
	int32		ncoordinates;	/* of an entry; 0 without a model */
	int32		sketch_words;	/* of an entry's sketches */
	int32		sketch_bytes;
	uint32		model_crc;		/* of its bytes */
	int32		npairs;			/* of the sample of pairs; see pairs.c */
	MMColumnOrigin origins[MM_MAX_COLUMNS];	/* of the columns */
	MMColumnStatistics columns[FLEXIBLE_ARRAY_MEMBER];
	/* The pairs follow. */
} MMMeta;

#define MM_META_SIZE(ncolumns, npairs) \
	(offsetof(MMMeta, columns) + sizeof(MMColumnStatistics) * (ncolumns) + \
	 sizeof(uint16) * (npairs) * ((ncolumns) + 1))

/*
 * The sampled pairs of rows: for each, how many it stands for, and its distances.
 */
static inline uint16 *
mm_meta_pairs(const MMMeta *meta)
{
	return (uint16 *) &meta->columns[meta->ncolumns];
}


/* ---------- options ---------- */

typedef struct MMOptions
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			sample_rows;	/* rows to measure distances between */
	int			pivots;			/* for each column that needs them; 0: chosen */
	int			fillfactor;		/* per cent */
	int			scales;			/* offset of a string; 0: none */
} MMOptions;

#define MM_DEFAULT_FILLFACTOR	90
#define MM_MIN_FILLFACTOR		10

#define MM_DEFAULT_SAMPLE_ROWS	10000
#define MM_MIN_SAMPLE_ROWS		100
#define MM_MAX_SAMPLE_ROWS		1000000

/* ---------- columns ---------- */

typedef struct MMColumn
{
	const char *name;			/* as users know it; no two are the same */
	int			key;			/* which key of the index, from 0 */
	AttrNumber	attribute;		/* which attribute of the composite; or 0 */
	int			component;		/* of an odbquery: which is about it, from 0 */
	bool		dropped;		/* the attribute is no more: always NULL */
	bool		changed;		/* the metric is another than the index was made for */
	Oid			type;			/* not a domain */
	int16		typlen;
	bool		typbyval;
	Oid			opclass;		/* InvalidOid: there is no metric, or it is changed */
	MetricSpace space;
} MMColumn;

typedef struct MMColumns
{
	Oid			index;			/* whose columns they are; or InvalidOid */
	TupleDesc	composite;		/* where the columns are attributes; or NULL */
	int			ncomponents;	/* of an odbquery: attributes that the type has */
	int			n;
	MMColumn	columns[MM_MAX_COLUMNS];
} MMColumns;

/* columns.c */

/*
 * mm_columns_make: the columns that an index, plain or partitioned, has if it is
 * built now, in the current memory context.  Raises an error for an index mmdb
 * cannot have.
 *
 * mm_columns_open: those that it has, as its entries and metadata have them; of a
 * partitioned one, as mm_columns_make.  They differ where a composite type was
 * altered: attributes added since are no columns, those dropped still are.  Nor
 * has a column a metric if it is not the one the index was built with.  Raises
 * an error if the metadata cannot be read.
 *
 * mm_columns_present: the same without those dropped, as users know them.  Their
 * numbers are not those of the metadata: see mm_statistics_get.
 */
extern MMColumns *mm_columns_make(Relation index);
extern MMColumns *mm_columns_open(Relation index);
extern MMColumns *mm_columns_present(Relation index);

/*
 * mm_columns_count: how many columns mm_columns_present would find, if it can be
 * told without an error; otherwise 0.
 */
extern int	mm_columns_count(Relation index);

/*
 * mm_columns_list: the columns' names, for a message.
 */
extern char *mm_columns_list(const MMColumns *columns);

/*
 * mm_columns_of_composite: the attributes of a composite type as columns, each
 * with its type's default class, in the current memory context.  Attributes
 * without a metric have no opclass.
 */
extern MMColumns *mm_columns_of_composite(Oid type, int32 typmod);

/*
 * mm_columns_require_metric: raise an error if the column has no metric, or not
 * the one that the index was made for.
 * mm_columns_changed: the first column of which the latter is true; -1: none.
 */
extern void mm_columns_require_metric(const MMColumns *columns, int column);
extern int	mm_columns_changed(const MMColumns *columns);

/*
 * mm_columns_find: the column of a name; raises an error if there is none.
 */
extern int	mm_columns_find(const MMColumns *columns, const char *name);

/*
 * mm_key_name: the name of a key of an index: that of the table's column, or the
 * one CREATE INDEX gave to an expression.
 * mm_key_opclass: its operator class.
 * mm_key_expression: the expression that it is; NULL if it is a column.
 */
extern const char *mm_key_name(Relation index, int key);
extern Oid	mm_key_opclass(Relation index, int key);
extern Node *mm_key_expression(Relation index, int key);

/*
 * mm_column_origin: what the index will remember of a column.
 */
extern MMColumnOrigin mm_column_origin(const MMColumn *column);

/*
 * mm_columns_values: the columns' values (values, isnull: columns->n each)
 * of a row, given as the values of the index's keys.
 */
extern void mm_columns_values(const MMColumns *columns, Datum *keys,
							  bool *keynulls, Datum *values, bool *isnull);

/*
 * mm_columns_of_record: the same for a composite value.  Leaks memory.
 */
extern void mm_columns_of_record(const MMColumns *columns, Datum record,
								 Datum *values, bool *isnull);

/*
 * mm_columns_check_values: raise an error unless each value has distances and
 * the dimensions its column is known to have.  dimensions, one for each
 * column, -1 where not known, takes up those of the values.  Leaks memory.
 */
extern void mm_columns_check_values(MMColumns *columns, Datum *values,
									const bool *isnull, int32 *dimensions);

/* ---------- sample, statistics, metadata ---------- */

/* sample.c */

/*
 * Random numbers for sampling: the same sequence from the same seed, on every
 * version of PostgreSQL.  (SplitMix64: Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", 2014.)
 */
typedef struct MMRandom
{
	uint64		seed;
	uint64		count;			/* of numbers drawn */
} MMRandom;

/*
 * mm_mix_bits: a number whose every bit depends on every bit of x.
 */
static inline uint64
mm_mix_bits(uint64 x)
{
	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/*
 * mm_random_bits: 64 random bits.
 * mm_random_below: a random integer from 0 to n - 1.
 */
static inline uint64
mm_random_bits(MMRandom *random)
{
	return mm_mix_bits(mm_mix_bits(random->seed) +
					   ++random->count * UINT64CONST(0x9e3779b97f4a7c15));
}

static inline int64
mm_random_below(MMRandom *random, int64 n)
{
	return (int64) ((mm_random_bits(random) >> 11) * 0x1.0p-53 * n);
}

typedef struct MMSample MMSample;

/*
 * mm_sample_table: read all rows that belong in the index, keep a uniform
 * random sample of at most sample_rows of them, fewer if they would take more
 * than maintenance_work_mem.  *table_rows becomes the live rows of the table.
 * The scan is that of an index build.
 */
extern MMSample *mm_sample_table(Relation heap, Relation index,
								 const IndexInfo *indexInfo,
								 MMColumns *columns, int sample_rows,
								 double *table_rows);

/*
 * For rows from elsewhere: mm_sample_begin starts a sample, mm_sample_add takes
 * a row, given its columns' values, mm_sample_finish makes the sample ready to
 * be looked at.  key: a hash of the row's primary key; NULL if there is none.
 * mm_sample_begin and mm_sample_finish are called in the memory context that
 * the sample is to live in.
 */
extern MMSample *mm_sample_begin(MMColumns *columns, int sample_rows);
extern void mm_sample_add(MMSample *sample, const uint64 *key, Datum *values,
						  bool *isnull);
extern void mm_sample_finish(MMSample *sample);

/*
 * mm_sample_key: a hash of a primary key, column by column: that of the columns
 * before (0: none), with one more.  The same on all machines of one word size and
 * byte order.  Leaks memory.
 */
extern uint64 mm_sample_key(uint64 before, Datum value, bool isnull,
							bool typbyval, int16 typlen);

/*
 * mm_sample_count: values not NULL among the live rows seen; mm_sample_entries:
 * rows seen that the index must hold, with those deleted of late.
 */
extern int64 mm_sample_entries(const MMSample *sample);
extern int64 mm_sample_count(const MMSample *sample, int column);

/*
 * mm_sample_dimensions: the dimensions all values of a column have, or -1.
 */
extern int32 mm_sample_dimensions(const MMSample *sample, int column);

/*
 * mm_sample_values: the sampled values of a column that are not NULL; values
 * has room for mm_sample_size() of them.  Returns how many.
 */
extern int	mm_sample_size(const MMSample *sample);
extern int	mm_sample_values(const MMSample *sample, int column, Datum *values);

/*
 * mm_sample_row: the columns' values of one of the mm_sample_size() rows.
 */
extern void mm_sample_row(const MMSample *sample, int row, Datum **values,
						  bool **isnull);

/* statistics.c */

/*
 * mm_statistics_measure: metadata from a sample of a table that has
 * table_rows rows, in the current context.
 */
extern MMMeta *mm_statistics_measure(const MMSample *sample,
									 MMColumns *columns, double table_rows);

/*
 * mm_statistics_of_values: pairs, mean, variance and scale of n values.
 */
extern void mm_statistics_of_values(MMColumn *column, const Datum *values, int n,
									MMColumnStatistics *stats);

/*
 * mm_statistics_get: the statistics of these columns of an index; of a
 * partitioned one, the means over its partitions, weighted by their number of
 * values.  A fresh copy, in the current context.  Columns with no pairs have not
 * been measured: their scale of 1 is a stand-in for cost estimates, not to be
 * shown to users.
 */
extern MMMeta *mm_statistics_get(Relation index, const MMColumns *columns);

/*
 * mm_distance_error_context: for an ErrorContextCallback, around distances of
 * the column (MMColumn *) that is its argument.
 */
extern void mm_distance_error_context(void *arg);

/*
 * mm_compare_doubles: for qsort; no NaN.
 */
extern int	mm_compare_doubles(const void *a, const void *b);

/* meta.c */

/*
 * mm_meta_read: the metadata of a plain index as it is now, in the current
 * context.  Raises an error if the page is not what it should be, or not
 * about ncolumns columns (0: any number), or if the index is being built.
 * mm_meta_read_building: the same for who builds it.
 */
extern MMMeta *mm_meta_read(Relation index, int ncolumns);
extern MMMeta *mm_meta_read_building(Relation index, int ncolumns);

/*
 * mm_meta_try: the same, NULL where that raises an error for what is on the page.
 */
extern MMMeta *mm_meta_try(Relation index);

/*
 * mm_meta_describe: enter in metadata what the columns of a new index are.
 * mm_meta_align: metadata with the statistics of these columns, in their order;
 * unmeasured ones where it has none.  Of the rest, it has the number of rows, and
 * where the model is.
 */
extern void mm_meta_describe(MMMeta *meta, const MMColumns *columns);
extern MMMeta *mm_meta_align(const MMMeta *meta, const MMColumns *columns);

/*
 * mm_meta_model: the model that metadata refer to, NULL if there is none;
 * meta->model_size bytes.  Valid until the next such call for the index, or
 * until an invalidation is processed: copy it to keep it.
 */
extern const void *mm_meta_model(Relation index, const MMMeta *meta);

/*
 * mm_meta_model_crc: the checksum of a model.
 */
extern uint32 mm_meta_model_crc(const void *model, uint32 size);

/*
 * mm_meta_shapes: the shapes of entries in leaves and inner nodes.
 */
extern void mm_meta_shapes(const MMMeta *meta, MMShape *leaf, MMShape *inner);

/*
 * mm_meta_empty: metadata of an index that has seen no rows.
 * mm_meta_create: write these and an empty root as the first pages of a new index;
 * nobody else can use its main fork yet.  The caller sees to WAL, but for an init
 * fork.
 * mm_meta_build: replace the metadata of an index that is being built; when done,
 * others may use it.  Without WAL.
 */
extern MMMeta *mm_meta_empty(int ncolumns);
extern void mm_meta_create(Relation index, ForkNumber fork, const MMColumns *columns);
extern void mm_meta_build(Relation index, const MMMeta *meta, bool done);

/*
 * mm_meta_write_model: write a model to new pages; returns the first.
 */
extern BlockNumber mm_meta_write_model(Relation index, const void *model,
									   uint32 size, bool logged);

/*
 * mm_meta_enter_model: enter a model, and the statistics that were measured with
 * it, in the metadata page, which becomes part of a WAL record.  Dimensions that
 * are known by then stay.
 */
extern void mm_meta_enter_model(GenericXLogState *state, Buffer buffer, const MMMeta *trained);

/*
 * mm_meta_settle_dimensions: where the metadata does not know the dimensions
 * of a column, record those given; where it does, return them instead.
 */
extern void mm_meta_settle_dimensions(Relation index, int ncolumns,
									  int32 *dimensions);

/*
 * mm_meta_splits: the count of splits.
 * mm_meta_count_split: count one more; returns the count.
 * mm_node_check_stamps: raise INDEX_CORRUPTED if a page, reached from a parent
 * that was read when splits had been counted, is not a node, perhaps a deleted
 * one, or has stamps that no split has made.
 */
extern uint64 mm_meta_splits(Relation index);
extern uint64 mm_meta_count_split(Relation index);
extern void mm_node_check_stamps(Relation index, Buffer buffer, uint64 splits);

/*
 * For changes of the tree: mm_meta_lock locks the metadata page,
 * mm_meta_register adds it to a WAL record.
 */
extern Buffer mm_meta_lock(Relation index, int ncolumns, int mode);
extern MMMeta *mm_meta_register(GenericXLogState *state, Buffer buffer);

/* options.c */

/*
 * mm_options_init: register the storage parameters; called once, when the
 * library is loaded.
 * mm_options_get: those of an index, but for scales.
 * mm_options_scales: the parameter scales as it was written, in the current
 * context; NULL if there is none.
 */
extern void mm_options_init(void);
extern MMOptions mm_options_get(Relation index);
extern char *mm_options_scales(Relation index);

/* scales.c */

/*
 * What normalized distances are divided by.
 */
typedef struct MMScales
{
	double		in_force[MM_MAX_COLUMNS];	/* 0: there is none */
	bool		pinned[MM_MAX_COLUMNS];	/* by the index's storage parameter */
} MMScales;

/*
 * mm_scales_validate: raise an error if a value of the storage parameter is not
 * an array of scales and NULLs.
 * mm_scales_fit: has that of an index an element for each of ncolumns columns,
 * if it is set at all?
 * mm_scales_check_parameter: raise an error if not.
 */
extern void mm_scales_validate(const char *value);
extern bool mm_scales_fit(Relation index, int ncolumns);
extern void mm_scales_check_parameter(Relation index, const MMColumns *columns);

/*
 * mm_scales_get: the scales of an index, plain or partitioned, with these
 * statistics.  Raises an error if the storage parameter does not fit.
 */
extern void mm_scales_get(Relation index, const MMColumns *columns,
						  const MMMeta *statistics, MMScales *scales);

/*
 * mm_scales_require: raise an error unless all of these columns (bit i: column
 * i) have scales.  Warns, once a session and index, if they were measured on far
 * fewer rows than there are now.
 */
extern void mm_scales_require(Relation index, const MMColumns *columns,
							  const MMMeta *statistics, const MMScales *scales,
							  uint32 used);

/* info.c */

/*
 * mm_index_open: open an index, plain or partitioned, with AccessShareLock.
 * Raises an error if the OID is not that of an mmdb index; NULL if there is no
 * such relation and missing_ok.
 */
extern Relation mm_index_open(Oid oid, bool missing_ok);

/*
 * mm_index_require_valid: raise an error if an index was left unfinished, as by
 * CREATE INDEX CONCURRENTLY that failed.
 */
extern void mm_index_require_valid(Relation index);

/* rights.c */

/*
 * mm_statistics_visible: may the user know the statistics of a column of an index?
 * mm_statistics_require: raise an error unless he may; with a hint, or NULL.
 */
extern bool mm_statistics_visible(const MMColumns *columns, int column);
extern void mm_statistics_require(const MMColumns *columns, int column, const char *hint);

/* ---------- access method callbacks ---------- */

/* insert.c */
extern bool mmdb_insert(Relation index, Datum *keys, bool *keynulls,
						ItemPointer heap_tid, Relation heap,
						IndexUniqueCheck checkUnique, bool indexUnchanged,
						IndexInfo *indexInfo);

/* build.c */
extern char *mmdb_buildphasename(int64 phase);
extern IndexBuildResult *mmdb_build(Relation heap, Relation index,
									IndexInfo *indexInfo);
extern void mmdb_buildempty(Relation index);

/* scan.c */
extern IndexScanDesc mmdb_beginscan(Relation index, int nkeys, int norderbys);
extern void mmdb_rescan(IndexScanDesc scan, ScanKey keys, int nkeys,
						ScanKey orderbys, int norderbys);
extern bool mmdb_gettuple(IndexScanDesc scan, ScanDirection direction);
extern int64 mmdb_getbitmap(IndexScanDesc scan, TIDBitmap *bitmap);
extern void mmdb_endscan(IndexScanDesc scan);

/* vacuum.c */
extern IndexBulkDeleteResult *mmdb_bulkdelete(IndexVacuumInfo *info,
											  IndexBulkDeleteResult *stats,
											  IndexBulkDeleteCallback callback,
											  void *callback_state);
extern IndexBulkDeleteResult *mmdb_vacuumcleanup(IndexVacuumInfo *info,
												 IndexBulkDeleteResult *stats);

/* cost.c */
extern void mmdb_costestimate(PlannerInfo *root, IndexPath *path,
							  double loop_count, Cost *indexStartupCost,
							  Cost *indexTotalCost,
							  Selectivity *indexSelectivity,
							  double *indexCorrelation, double *indexPages);

/* options.c */
extern bytea *mmdb_options(Datum reloptions, bool validate);

/* alter.c */

/*
 * mm_alter_warn: warn if an index that is being built takes the place of one that
 * ALTER TABLE has dropped, and has another metric.
 */
extern void mm_alter_init(void);
extern void mm_alter_warn(Relation index, const MMColumns *columns);

/* validate.c */
extern bool mmdb_validate(Oid opclassoid);

#endif							/* MM_AM_H */
