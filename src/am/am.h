/*-------------------------------------------------------------------------
 *
 * am.h
 *	  The callbacks of the access method mmdb; see handler.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_AM_H
#define MM_AM_H

#include "access/amapi.h"
#include "access/genam.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

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

/* validate.c */
extern bool mmdb_validate(Oid opclassoid);

#endif							/* MM_AM_H */
