#include "theta/sim/run.h"

int main(int argc, char** argv) { return theta::sim::run_cli({argv + 1, argv + argc}); }
