/*-------------------------------------------------------------------------
 *
 * network.c
 *	  Small neural networks.  Hidden units are rectified; outputs are linear, or
 *	  logistic if they are bounded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "tune/network.h"
#include "tune/propose.h"

static double *
layer_parameters(const MMNetwork *network, double *of, int layer)
{
	for (int l = 0; l < layer; l++)
		of += (network->sizes[l] + 1) * network->sizes[l + 1];
	return of;
}

static double *
zeros(int n)
{
	return palloc0(sizeof(double) * n);
}

MMNetwork *
mm_network_make(int inputs, int outputs, bool bounded, MMRandom *random)
{
	MMNetwork  *network = palloc0(sizeof(MMNetwork));

	network->bounded = bounded;
	network->sizes[0] = inputs;
	network->sizes[1] = network->sizes[2] = MM_NETWORK_HIDDEN;
	network->sizes[3] = outputs;
	for (int l = 0; l < MM_NETWORK_LAYERS; l++)
		network->n += (network->sizes[l] + 1) * network->sizes[l + 1];
	network->parameters = zeros(network->n);
	network->gradient = zeros(network->n);
	network->first = zeros(network->n);
	network->second = zeros(network->n);
	for (int l = 0; l <= MM_NETWORK_LAYERS; l++)
	{
		network->values[l] = zeros(network->sizes[l]);
		network->errors[l] = zeros(network->sizes[l]);
	}
	for (int l = 0; l < MM_NETWORK_LAYERS; l++)
	{
		double	   *weights = layer_parameters(network, network->parameters, l);
		double		size = l == MM_NETWORK_LAYERS - 1 ? 0.01 : sqrt(2.0 / network->sizes[l]);

		for (int i = 0; i < network->sizes[l] * network->sizes[l + 1]; i++)
			weights[i] = size * mm_random_normal(random);
	}
	return network;
}

double *
mm_network_last_biases(MMNetwork *network)
{
	int			last = MM_NETWORK_LAYERS - 1;

	return layer_parameters(network, network->parameters, last) + network->sizes[last] * network->sizes[last + 1];
}

const double *
mm_network_run(MMNetwork *network, const double *input)
{
	memcpy(network->values[0], input, sizeof(double) * network->sizes[0]);
	for (int l = 0; l < MM_NETWORK_LAYERS; l++)
	{
		const double *weights = layer_parameters(network, network->parameters, l);
		const double *biases = weights + network->sizes[l] * network->sizes[l + 1];

		for (int o = 0; o < network->sizes[l + 1]; o++)
		{
			double		x = biases[o];

			for (int i = 0; i < network->sizes[l]; i++)
				x += weights[o * network->sizes[l] + i] * network->values[l][i];
			if (l < MM_NETWORK_LAYERS - 1)
				x = Max(x, 0.0);
			else if (network->bounded)
				x = 1.0 / (1.0 + exp(-x));
			network->values[l + 1][o] = x;
		}
	}
	return network->values[MM_NETWORK_LAYERS];
}

/*
 * The slope of a unit's function where its value is this.
 */
static double
slope(const MMNetwork *network, int layer, double value)
{
	if (layer < MM_NETWORK_LAYERS)
		return value > 0 ? 1.0 : 0.0;
	return network->bounded ? value * (1.0 - value) : 1.0;
}

const double *
mm_network_learn(MMNetwork *network, const double *errors)
{
	memcpy(network->errors[MM_NETWORK_LAYERS], errors, sizeof(double) * network->sizes[MM_NETWORK_LAYERS]);
	for (int l = MM_NETWORK_LAYERS - 1; l >= 0; l--)
	{
		int			n = network->sizes[l];
		const double *weights = layer_parameters(network, network->parameters, l);
		double	   *gradient = layer_parameters(network, network->gradient, l);

		memset(network->errors[l], 0, sizeof(double) * n);
		for (int o = 0; o < network->sizes[l + 1]; o++)
		{
			double		error = network->errors[l + 1][o] * slope(network, l + 1, network->values[l + 1][o]);

			for (int i = 0; i < n; i++)
			{
				gradient[o * n + i] += error * network->values[l][i];
				network->errors[l][i] += error * weights[o * n + i];
			}
			gradient[network->sizes[l + 1] * n + o] += error;
		}
	}
	return network->errors[0];
}

void
mm_network_forget(MMNetwork *network)
{
	memset(network->gradient, 0, sizeof(double) * network->n);
}

void
mm_network_step(MMNetwork *network, double rate)
{
	double		fade_first = 1.0 - pow(0.9, ++network->steps);
	double		fade_second = 1.0 - pow(0.999, network->steps);

	for (int i = 0; i < network->n; i++)
	{
		double		g = network->gradient[i];

		network->first[i] += 0.1 * (g - network->first[i]);
		network->second[i] += 0.001 * (g * g - network->second[i]);
		network->parameters[i] -= rate * network->first[i] / fade_first /
			(sqrt(network->second[i] / fade_second) + 1e-8);
	}
	mm_network_forget(network);
}

void
mm_network_follow(MMNetwork *network, const MMNetwork *other, double rate)
{
	for (int i = 0; i < network->n; i++)
		network->parameters[i] += rate * (other->parameters[i] - network->parameters[i]);
}
