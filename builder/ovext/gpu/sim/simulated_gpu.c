/* An OpenCL platform for OpenVINO's GPU plugin on a machine without a GPU.
 *
 * It passes Intel's OpenCL runtime for CPUs through and changes what the plugin must see otherwise. OpenCL objects
 * begin with a pointer to the table of functions that the ICD loader calls, so it is enough to replace entries of that
 * table.
 *
 * Environment: OVEXT_SIM_RUNTIME is the path of libintelocl.so; OVEXT_SIM_PROGRAMS, if set, a folder that receives the
 * source of every program. Why a program does not build is written to stderr, which the plugin keeps to itself.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Positions in the table, fixed by the extension cl_khr_icd. */
enum {
    GET_PLATFORM_INFO = 1,
    GET_DEVICE_IDS = 2,
    GET_DEVICE_INFO = 3,
    CREATE_PROGRAM_WITH_SOURCE = 26,
    RELEASE_PROGRAM = 29,
    BUILD_PROGRAM = 30,
    GET_PROGRAM_BUILD_INFO = 33,
};

/* Values from the OpenCL specification and Intel's extension cl_intel_device_attribute_query. */
enum {
    SUCCESS = 0,
    OUT_OF_HOST_MEMORY = -6,
    INVALID_VALUE = -30,
    DEVICE_TYPE_CPU = 1 << 1,
    DEVICE_TYPE_GPU = 1 << 2,
    DEVICE_TYPE = 0x1000,
    DEVICE_EXTENSIONS = 0x1030,
    DEVICE_IP_VERSION = 0x4250,
    PROGRAM_BUILD_LOG = 0x1183,
    XE_LP = 0x03000000,
};

typedef int32_t status;
typedef status (*get_platform_info_fn)(void* platform, uint32_t name, size_t size, void* value, size_t* needed);
typedef status (*get_platforms_fn)(uint32_t count, void** platforms, uint32_t* available);

static status (*get_device_ids)(void* platform, uint64_t type, uint32_t count, void** devices, uint32_t* available);
static status (*get_device_info)(void* device, uint32_t name, size_t size, void* value, size_t* needed);
static void* (*create_program)(void* context, uint32_t count, const char** texts, const size_t* sizes, status* error);
static status (*release_program)(void* program);
static status (*build_program)(
    void* program, uint32_t count, void* const* devices, const char* options, void* callback, void* data);
static status (*get_build_info)(void* program, void* device, uint32_t name, size_t size, void* value, size_t* needed);

static status answer(const void* source, size_t length, size_t size, void* value, size_t* needed) {
    if (value != NULL) {
        if (size < length) {
            return INVALID_VALUE;
        }
        memcpy(value, source, length);
    }
    if (needed != NULL) {
        *needed = length;
    }
    return SUCCESS;
}

/* Who asks for GPUs is given the CPU. */
static status simulated_device_ids(void* platform, uint64_t type, uint32_t count, void** devices, uint32_t* available) {
    return get_device_ids(platform, type & DEVICE_TYPE_GPU ? type | DEVICE_TYPE_CPU : type, count, devices, available);
}

/* The device's extensions without sub-groups. This runtime forms them along the first dimension only, so that kernels
 * of the plugin that have them along another compute garbage; without them the plugin takes its plain kernels. */
static status extensions_without_subgroups(void* device, size_t size, void* value, size_t* needed) {
    size_t length = 0;
    status state = get_device_info(device, DEVICE_EXTENSIONS, 0, NULL, &length);
    char* all = state == SUCCESS ? malloc(length) : NULL;
    char* kept = state == SUCCESS ? calloc(length + 1, 1) : NULL;
    if (all != NULL && kept != NULL) {
        state = get_device_info(device, DEVICE_EXTENSIONS, length, all, NULL);
        char* rest = NULL;
        for (char* word = strtok_r(all, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
            if (strstr(word, "subgroup") == NULL && strstr(word, "sub_group") == NULL) {
                strcat(strcat(kept, *kept ? " " : ""), word);
            }
        }
        state = state == SUCCESS ? answer(kept, strlen(kept) + 1, size, value, needed) : state;
    } else if (state == SUCCESS) {
        state = OUT_OF_HOST_MEMORY;
    }
    free(all);
    free(kept);
    return state;
}

static status simulated_device_info(void* device, uint32_t name, size_t size, void* value, size_t* needed) {
    const uint64_t type = DEVICE_TYPE_GPU;
    const uint32_t version = XE_LP;
    switch (name) {
        case DEVICE_TYPE:
            return answer(&type, sizeof type, size, value, needed);
        case DEVICE_IP_VERSION:
            return answer(&version, sizeof version, size, value, needed);
        case DEVICE_EXTENSIONS:
            return extensions_without_subgroups(device, size, value, needed);
        default:
            return get_device_info(device, name, size, value, needed);
    }
}

static void keep_source(uint32_t count, const char** texts, const size_t* sizes) {
    static unsigned number;
    const char* folder = getenv("OVEXT_SIM_PROGRAMS");
    char path[4096];
    if (folder == NULL || snprintf(path,
                                   sizeof path,
                                   "%s/%d-%04u.cl",
                                   folder,
                                   (int)getpid(),
                                   __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED)) >= (int)sizeof path) {
        return;
    }
    FILE* file = fopen(path, "w");
    for (uint32_t i = 0; file != NULL && i < count; ++i) {
        fwrite(texts[i], 1, sizes != NULL && sizes[i] != 0 ? sizes[i] : strlen(texts[i]), file);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void* simulated_create_program(
    void* context, uint32_t count, const char** texts, const size_t* sizes, status* error) {
    keep_source(count, texts, sizes);
    return create_program(context, count, texts, sizes, error);
}

/* This runtime drops a program that kernels still refer to; a process that runs one model can keep them all. */
static status simulated_release_program(void* program) {
    (void)program;
    return SUCCESS;
}

static status simulated_build_program(
    void* program, uint32_t count, void* const* devices, const char* options, void* callback, void* data) {
    const status state = build_program(program, count, devices, options, callback, data);
    size_t length = 0;
    if (state != SUCCESS && count > 0 &&
        get_build_info(program, devices[0], PROGRAM_BUILD_LOG, 0, NULL, &length) == SUCCESS) {
        char* log = calloc(length + 1, 1);
        if (log != NULL && get_build_info(program, devices[0], PROGRAM_BUILD_LOG, length, log, NULL) == SUCCESS) {
            fprintf(stderr, "%s\n", log);
        }
        free(log);
    }
    return state;
}

static void replace(void** table, int position, void* function, void* original) {
    void** entry = &table[position];
    if (*entry == function) {
        return;
    }
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)entry / page * page;
    memcpy(original, entry, sizeof *entry);
    if (mprotect((void*)begin, (uintptr_t)(entry + 1) - begin, PROT_READ | PROT_WRITE) == 0) {
        *entry = function;
    }
}

static void simulate(void** table) {
    memcpy(&get_build_info, &table[GET_PROGRAM_BUILD_INFO], sizeof get_build_info);
    replace(table, GET_DEVICE_IDS, (void*)simulated_device_ids, &get_device_ids);
    replace(table, GET_DEVICE_INFO, (void*)simulated_device_info, &get_device_info);
    replace(table, CREATE_PROGRAM_WITH_SOURCE, (void*)simulated_create_program, &create_program);
    replace(table, RELEASE_PROGRAM, (void*)simulated_release_program, &release_program);
    replace(table, BUILD_PROGRAM, (void*)simulated_build_program, &build_program);
}

static void* runtime_function(const char* name) {
    static void* runtime;
    if (runtime == NULL) {
        const char* path = getenv("OVEXT_SIM_RUNTIME");
        runtime = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    }
    if (runtime == NULL) {
        const char* reason = dlerror();
        fprintf(stderr, "OVEXT_SIM_RUNTIME cannot be loaded: %s\n", reason != NULL ? reason : "it is not set");
        return NULL;
    }
    void* (*find)(const char*) = NULL;
    *(void**)&find = dlsym(runtime, "clGetExtensionFunctionAddress");
    return find != NULL ? find(name) : NULL;
}

__attribute__((visibility("default"))) status clIcdGetPlatformIDsKHR(uint32_t count,
                                                                     void** platforms,
                                                                     uint32_t* available) {
    get_platforms_fn get_platforms = (get_platforms_fn)runtime_function("clIcdGetPlatformIDsKHR");
    uint32_t found = 0;
    if (get_platforms == NULL) {
        return INVALID_VALUE;
    }
    const status state = get_platforms(count, platforms, &found);
    for (uint32_t i = 0; state == SUCCESS && platforms != NULL && i < count && i < found; ++i) {
        simulate(*(void***)platforms[i]);
    }
    if (available != NULL) {
        *available = found;
    }
    return state;
}

/* Some loaders ask the ICD for this function before they look into the table. */
__attribute__((visibility("default"))) status
clGetPlatformInfo(void* platform, uint32_t name, size_t size, void* value, size_t* needed) {
    get_platform_info_fn get_platform_info = NULL;
    memcpy(&get_platform_info, &(*(void***)platform)[GET_PLATFORM_INFO], sizeof get_platform_info);
    return get_platform_info(platform, name, size, value, needed);
}

__attribute__((visibility("default"))) void* clGetExtensionFunctionAddress(const char* name) {
    return strcmp(name, "clIcdGetPlatformIDsKHR") == 0 ? (void*)clIcdGetPlatformIDsKHR : runtime_function(name);
}
