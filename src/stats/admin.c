/*-------------------------------------------------------------------------
 *
 * admin.c
 *	  The statistics of queries as a whole: mmdb.query_stats_info, how often
 *	  weight profiles are used, and starting anew.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "stats/visible.h"

PG_FUNCTION_INFO_V1(mm_query_stats_info);
PG_FUNCTION_INFO_V1(mm_profile_use);
PG_FUNCTION_INFO_V1(mm_reset_query_stats);

/*
 * mmdb.query_stats_info(): one row
 */
Datum
mm_query_stats_info(PG_FUNCTION_ARGS)
{
	static const char *const kinds[] = {
		[MM_AREA_SESSION] = "session",
		[MM_AREA_REGISTERED] = "dynamic shared memory",
		[MM_AREA_PRELOADED] = "shared memory",
	};
	MMStatsArea *area = mm_area_get();
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	mm_area_lock(area, LW_SHARED);
	values[1] = Int32GetDatum(area->nentries);
	values[2] = Int32GetDatum(area->most);
	values[3] = Int64GetDatum(area->evicted);
	values[4] = TimestampTzGetDatum(area->reset);
	mm_area_unlock(area);
	values[0] = CStringGetTextDatum(kinds[area->kind]);
	values[5] = BoolGetDatum(area->kind == MM_AREA_PRELOADED && mm_track_save);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * mmdb.profile_use_entries(): database_id, user_id, profile, uses, last_use
 */
Datum
mm_profile_use(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MMStatsArea *area = mm_area_get();
	bool		all = mm_sees_all();
	MMProfileUse *uses = palloc(sizeof(MMProfileUse) * area->most_profiles);

	InitMaterializedSRF(fcinfo, 0);
	mm_area_lock(area, LW_SHARED);
	for (int i = 0; i < area->most_profiles; i++)
		uses[i] = *mm_area_profile(area, i);
	mm_area_unlock(area);
	for (int i = 0; i < area->most_profiles; i++)
	{
		Datum		values[5];
		bool		nulls[5] = {false};

		if (!OidIsValid(uses[i].database) || (!all && uses[i].user != GetUserId()))
			continue;
		values[0] = ObjectIdGetDatum(uses[i].database);
		values[1] = ObjectIdGetDatum(uses[i].user);
		values[2] = CStringGetTextDatum(mm_visible_name(uses[i].name));
		values[3] = Int64GetDatum(uses[i].uses);
		values[4] = TimestampTzGetDatum(uses[i].last);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * mm_reset_query_stats(index_name, user_name, all_databases): NULL stands for all
 */
Datum
mm_reset_query_stats(PG_FUNCTION_ARGS)
{
	MMStatsArea *area = mm_area_get();
	Oid			index = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	Oid			user = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
	bool		everywhere = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	int64		removed = 0;

	if (OidIsValid(index) && everywhere)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an index is in one database"),
				 errhint("Name an index, or ask for all databases.")));
	mm_area_lock(area, LW_EXCLUSIVE);
	for (int i = 0; i < area->ntouched; i++)
	{
		MMStatsEntry *entry = mm_area_entry(area, i);

		if (!mm_area_in_use(entry) || (!everywhere && entry->key.database != MyDatabaseId) ||
			(OidIsValid(index) && entry->key.index != index) ||
			(OidIsValid(user) && entry->key.user != user))
			continue;
		mm_area_remove(area, entry);
		removed++;
	}
	for (int i = 0; i < area->most_profiles && !OidIsValid(index); i++)
	{
		MMProfileUse *use = mm_area_profile(area, i);

		if ((everywhere || use->database == MyDatabaseId) && (!OidIsValid(user) || use->user == user))
			use->database = InvalidOid;
	}
	if (area->nentries == 0)
	{
		area->evicted = 0;
		area->reset = GetCurrentTimestamp();
	}
	mm_area_unlock(area);
	PG_RETURN_INT64(removed);
}
