#pragma once

float three();
