/*-------------------------------------------------------------------------
 *
 * metrics.c
 *	  Micro-benchmark of the distance kernels: nanoseconds a distance, for
 *	  every instruction set the CPU has, against plain C and against the time
 *	  it takes to read the data.
 *
 * bench/run builds and runs it; it needs no server.  Each figure is the best of
 * several rounds, as what disturbs a measurement only makes it slower; all
 * sides of a comparison take turns within one round.
 *
 *	cached	query and data stay in the first-level cache
 *	memory	one query against data larger than any cache; "floor" is the time to
 *			read as many bytes in order with nothing computed but a checksum
 *
 * Plain C is the loop as one would write it, compiled with the extension's own
 * options: one running sum for vectors, and for edit distance the classic
 * dynamic program with a single row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "miscadmin.h"

#include "metric/edit.h"
#include "metric/kernels.h"

/* The kernels' files are written for the server: stand in for what they use. */
volatile sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

#define ROUNDS			7
#define MEMORY_BYTES	((size_t) 512 << 20)

/* Results go here, so that no computation is left out. */
static volatile double sink;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* A random number from 0 to n - 1, the same sequence each time. */
static uint32
random_below(uint32 n)
{
	static uint64 state = 42;

	state = state * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
	return (uint32) (((state >> 33) * n) >> 31);
}

/* ---------- plain C ---------- */

static float
plain_l1(const float *a, const float *b, int n)
{
	float		sum = 0;

	for (int i = 0; i < n; i++)
		sum += fabsf(a[i] - b[i]);
	return sum;
}

static float
plain_l2_squared(const float *a, const float *b, int n)
{
	float		sum = 0;

	for (int i = 0; i < n; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static float
plain_linf(const float *a, const float *b, int n)
{
	float		largest = 0;

	for (int i = 0; i < n; i++)
		if (fabsf(a[i] - b[i]) > largest)
			largest = fabsf(a[i] - b[i]);
	return largest;
}

static double
plain_cosine(const float *a, const float *b, int n)
{
	double		ab = 0,
				aa = 0,
				bb = 0;

	for (int i = 0; i < n; i++)
	{
		ab += (double) a[i] * b[i];
		aa += (double) a[i] * a[i];
		bb += (double) b[i] * b[i];
	}
	return 1 - ab / sqrt(aa * bb);
}

static uint64
plain_xor_bits(const uint8 *a, const uint8 *b, int n)
{
	uint64		count = 0;

	for (int i = 0; i < n; i++)
		count += __builtin_popcount(a[i] ^ b[i]);
	return count;
}

static int
plain_edit(const uint8 *a, int m, const uint8 *b, int n)
{
	int			row[1024];

	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; i <= m; i++)
	{
		int			diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= n; j++)
		{
			int			best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

/* ---------- vectors and bits ---------- */

typedef enum Metric
{
	L1, L2, LINF, COSINE, HAMMING, NMETRICS
} Metric;

static const char *const metric_names[] = {"L1", "L2", "L-inf", "cosine", "Hamming"};

/*
 * One distance over n floats (or as many bytes of bits); kernels NULL: plain C.
 */
static inline double
distance(const MMKernels *k, Metric metric, const float *a, const float *b, int n)
{
	double		sums[3];

	switch (metric)
	{
		case L1:
			return k ? k->l1(a, b, n, INFINITY) : plain_l1(a, b, n);
		case L2:
			return k ? k->l2_squared(a, b, n, INFINITY) : plain_l2_squared(a, b, n);
		case LINF:
			return k ? k->linf(a, b, n, INFINITY) : plain_linf(a, b, n);
		case COSINE:
			if (k == NULL)
				return plain_cosine(a, b, n);
			k->dot3(a, b, n, sums);
			return 1 - sums[0] / sqrt(sums[1] * sums[2]);
		default:
			return k ? k->xor_bits((const uint8 *) a, (const uint8 *) b, n * 4) :
				plain_xor_bits((const uint8 *) a, (const uint8 *) b, n * 4);
	}
}

/*
 * Nanoseconds a distance of one query to count values in a row, repeatedly.
 */
static double
time_distances(const MMKernels *k, Metric metric, const float *query,
			   const float *data, int n, size_t count, int repeat)
{
	double		start = now();
	double		sum = 0;

	for (int r = 0; r < repeat; r++)
		for (size_t i = 0; i < count; i++)
			sum += distance(k, metric, query, data + i * n, n);
	sink = sum;
	return (now() - start) / count / repeat;
}

/*
 * Nanoseconds to read as many floats, with a checksum; two streams, as one does
 * not always reach the bandwidth.
 */
#if defined(__x86_64__)
__attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#endif
static double
time_reading(const float *data, size_t nfloats)
{
	const uint64 *words = (const uint64 *) data;
	size_t		half = nfloats / 4;
	uint64		sum[32] = {0};
	double		start = now();

	for (size_t i = 0; i + 32 <= half; i += 32)
		for (int j = 0; j < 32; j++)
			sum[j] += words[i + j] + words[half + i + j];
	for (int j = 1; j < 32; j++)
		sum[0] += sum[j];
	sink = (double) sum[0];
	return now() - start;
}

#define MAX_VERSIONS	8

static void
bench_vectors(float *memory)
{
	static const int sizes[] = {8, 32, 128, 256, 512, 1024};
	size_t		nfloats = MEMORY_BYTES / sizeof(float);
	int			nversions = 0;
	const MMKernels *versions[MAX_VERSIONS];
	float	   *query = memory + nfloats;	/* room behind the data */
	double		floor = INFINITY;

	versions[nversions++] = NULL;
	for (int v = 0; mm_kernel_versions[v] != NULL; v++)
		if (mm_kernel_versions[v]->supported())
			versions[nversions++] = mm_kernel_versions[v];
	for (int r = 0; r < ROUNDS; r++)
		floor = Min(floor, time_reading(memory, nfloats));
	printf("reading memory: %.1f GB/s\n\n", MEMORY_BYTES / floor);

	printf("%-8s %6s  %-8s %10s %9s %10s %9s %9s\n", "metric", "floats", "version",
		   "cached ns", "x plain", "memory ns", "x plain", "x floor");
	for (int metric = 0; metric < NMETRICS; metric++)
		for (int s = 0; s < (int) lengthof(sizes); s++)
		{
			int			n = sizes[s];
			size_t		cached = 16384 / sizeof(float) / n;
			size_t		count = nfloats / n;
			double		cached_ns[MAX_VERSIONS];
			double		memory_ns[MAX_VERSIONS];

			for (int v = 0; v < nversions; v++)
				cached_ns[v] = memory_ns[v] = INFINITY;
			for (int r = 0; r < ROUNDS; r++)
				for (int v = 0; v < nversions; v++)
					cached_ns[v] = Min(cached_ns[v], time_distances(versions[v], metric, query, memory, n, cached, 200));
			for (int r = 0; r < 3; r++)
				for (int v = 0; v < nversions; v++)
					memory_ns[v] = Min(memory_ns[v], time_distances(versions[v], metric, query, memory, n, count, 1));
			for (int v = 0; v < nversions; v++)
				printf("%-8s %6d  %-8s %10.1f %9.1f %10.1f %9.1f %9.2f\n", metric_names[metric], n,
					   versions[v] ? versions[v]->name : "plain C", cached_ns[v], cached_ns[0] / cached_ns[v],
					   memory_ns[v], memory_ns[0] / memory_ns[v], memory_ns[v] / (floor / count));
		}
}

/* ---------- edit distance ---------- */

#define NSTRINGS	512
#define MAX_LENGTH	1000

static void
bench_edit(void)
{
	static const int lengths[] = {5, 10, 20, 50, 100, 250, 1000};
	static uint8 strings[NSTRINGS][MAX_LENGTH];

	printf("\nedit distance to a prepared query, both strings of the same length:\n");
	printf("%6s %10s %12s %9s %22s\n", "chars", "classic ns", "mmdb ns", "x classic", "up to a quarter, ns");
	for (int l = 0; l < (int) lengthof(lengths); l++)
	{
		int			n = lengths[l];
		int			repeat = n <= 100 ? 20 : 1;
		EditString	query = {n, false, strings[0]};
		void	   *workspace = malloc(n);
		void	   *memory;
		EditPattern *pattern;
		double		best[3] = {INFINITY, INFINITY, INFINITY};

		for (int i = 0; i < NSTRINGS; i++)
			for (int j = 0; j < n; j++)
				strings[i][j] = 'a' + random_below(26);
		memory = malloc(mm_edit_pattern_size(&query));
		pattern = mm_edit_prepare(&query, memory);

		for (int r = 0; r < ROUNDS; r++)
			for (int side = 0; side < 3; side++)
			{
				double		start = now();
				int			sum = 0;

				for (int again = 0; again < repeat; again++)
					for (int i = 0; i < NSTRINGS; i++)
					{
						EditString	text = {n, false, strings[i]};

						if (side == 0)
							sum += plain_edit(strings[0], n, strings[i], n);
						else
							sum += mm_edit_distance(pattern, &text, side == 1 ? -1 : n / 4, workspace);
					}
				sink = sum;
				best[side] = Min(best[side], (now() - start) / NSTRINGS / repeat);
			}
		printf("%6d %10.1f %12.1f %9.1f %22.1f\n", n, best[0], best[1], best[0] / best[1], best[2]);
		free(memory);
		free(workspace);
	}
}

/*
 * The CPU's name, where Linux tells it.
 */
static void
print_cpu(void)
{
	FILE	   *file = fopen("/proc/cpuinfo", "r");
	char		line[256];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "model name", 10) == 0)
		{
			printf("CPU: %s", strchr(line, ':') + 2);
			break;
		}
	if (file != NULL)
		fclose(file);
}

int
main(void)
{
	size_t		bytes = MEMORY_BYTES + 4096 * sizeof(float);
	float	   *memory = aligned_alloc(64, bytes);

	if (memory == NULL)
	{
		fprintf(stderr, "metrics: out of memory\n");
		return 1;
	}
	for (size_t i = 0; i < bytes / sizeof(float); i++)
		memory[i] = random_below(2000) / 1000.0f - 1.0f;

	print_cpu();
	bench_vectors(memory);
	bench_edit();
	return 0;
}
