# What node-gyp asks of a directory with Node's headers, cut down to what node-pty's build on Linux needs: the
# headers of Node-API alone, which are the same for every version of Node and come from the package registry.
{
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': {
      'Debug': {'cflags': ['-g', '-O0']},
      'Release': {'cflags': ['-O3']},
    },
    'cflags': ['-fPIC', '-pthread'],
    'cflags_cc': ['-fno-rtti', '-fno-exceptions', '-std=gnu++17'],
    'ldflags': ['-pthread'],
  },
}
