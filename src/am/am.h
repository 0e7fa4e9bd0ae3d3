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
#define MM_MAX_COORDINATES	(MM_MAX_COLUMNS * MM_MAX_RAW_COORDINATES)

/* ---------- metadata ---------- */

#define MM_META_VERSION 4

/*
 * Statistics of the distances between two random values of a column.
 */
typedef struct MMColumnStatistics
{
	int64		count;			/* values that are not NULL */
	int32		dimensions;		/* of all values; -1: none, or unknown */
	int32		pairs;			/* distances measured */
	float8		mean;			/* of the finite ones; 0 if there are none */
	float8		variance;		/* likewise */
	float8		scale;			/* twice their median; see statistics.c */
} MMColumnStatistics;

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
	MMColumnStatistics columns[FLEXIBLE_ARRAY_MEMBER];
} MMMeta;

#define MM_META_SIZE(ncolumns) \
	(offsetof(MMMeta, columns) + sizeof(MMColumnStatistics) * (ncolumns))

/* Statistics of a table of fewer rows are measured again by VACUUM. */
#define MM_SETTLED_ROWS		1000

/* ---------- options ---------- */

typedef struct MMOptions
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			sample_rows;	/* rows to measure distances between */
	int			pivots;			/* for each column that needs them; 0: chosen */
	int			fillfactor;		/* per cent */
} MMOptions;

#define MM_DEFAULT_FILLFACTOR	90
#define MM_MIN_FILLFACTOR		10

#define MM_DEFAULT_SAMPLE_ROWS	10000
#define MM_MIN_SAMPLE_ROWS		100
#define MM_MAX_SAMPLE_ROWS		1000000

/* ---------- columns ---------- */

typedef struct MMColumn
{
	const char *name;			/* as users know it */
	int			key;			/* which key of the index, from 0 */
	AttrNumber	attribute;		/* which attribute of the composite; or 0 */
	Oid			type;			/* not a domain */
	int16		typlen;
	bool		typbyval;
	Oid			opclass;		/* InvalidOid: the type has no metric */
	MetricSpace space;
} MMColumn;

typedef struct MMColumns
{
	TupleDesc	composite;		/* where the columns are attributes; or NULL */
	int			n;
	MMColumn	columns[MM_MAX_COLUMNS];
} MMColumns;

/* columns.c */

/*
 * mm_columns_open: the columns of an index, plain or partitioned, in the
 * current memory context.  Raises an error for an index mmdb cannot have.
 */
extern MMColumns *mm_columns_open(Relation index);

/*
 * mm_columns_fit: can an index have the columns it has, and are they ncolumns?
 * Not so if its composite type was altered, or an operator class dropped.
 */
extern bool mm_columns_fit(Relation index, int ncolumns);

/*
 * mm_columns_of_composite: the attributes of a composite type as columns, each
 * with its type's default class, in the current memory context.  Attributes
 * without a metric have no opclass.
 */
extern MMColumns *mm_columns_of_composite(Oid type, int32 typmod);

/*
 * mm_columns_require_metric: raise an error if the column has no metric.
 */
extern void mm_columns_require_metric(const MMColumns *columns, int column);

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
 * version of PostgreSQL.
 */
typedef struct MMRandom
{
	uint64		seed;
	uint32		count;			/* of numbers drawn */
} MMRandom;

/*
 * mm_random_below: a random integer from 0 to n - 1.
 */
static inline int64
mm_random_below(MMRandom *random, int64 n)
{
	uint64		bits = hash_bytes_uint32_extended(random->count++, random->seed);

	return (int64) ((bits >> 11) * 0x1.0p-53 * n);
}

typedef struct MMSample MMSample;

/*
 * mm_sample_table: read all rows that belong in the index, keep a uniform
 * random sample of at most sample_rows of them, fewer if they would take more
 * than maintenance_work_mem.  *table_rows becomes the live rows of the table.
 * The scan is that of an index build; if concurrent, with an MVCC snapshot
 * taken now.
 */
extern MMSample *mm_sample_table(Relation heap, Relation index,
								 IndexInfo *indexInfo,
								 MMColumns *columns, int sample_rows,
								 bool concurrent, double *table_rows);

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
 * mm_statistics_get: the statistics of an index; of a partitioned one, the
 * means over its partitions, weighted by their number of values.  A fresh
 * copy, in the current context.
 */
extern MMMeta *mm_statistics_get(Relation index, const MMColumns *columns);

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
extern void mm_meta_create(Relation index, ForkNumber fork, int ncolumns);
extern void mm_meta_build(Relation index, const MMMeta *meta, bool done);

/*
 * mm_meta_write_model: write a model to new pages; returns the first.
 */
extern BlockNumber mm_meta_write_model(Relation index, const void *model,
									   uint32 size, bool logged);

/*
 * mm_meta_update_statistics: replace the statistics of an index, but for
 * dimensions that it knows.
 */
extern void mm_meta_update_statistics(Relation index, const MMMeta *measured);

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

/* info.c */

/*
 * mm_index_open: open an index, plain or partitioned, with AccessShareLock.
 * Raises an error if the OID is not that of an mmdb index; NULL if there is no
 * such relation and missing_ok.
 */
extern Relation mm_index_open(Oid oid, bool missing_ok);

/*
 * mm_index_require_readable: raise an error unless the user may read the
 * index's table, or some column of it.
 */
extern void mm_index_require_readable(Relation index);

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
extern void mm_options_init(void);
extern bytea *mmdb_options(Datum reloptions, bool validate);
extern MMOptions mm_options_get(Relation index);

/* validate.c */
extern bool mmdb_validate(Oid opclassoid);

#endif							/* MM_AM_H */
